"""The people: staff page, invitations, and one's own account."""

from django.urls import path

from dangol.staff import invitation_views, views

urlpatterns = [
    path("settings/staff/", views.staff, name="staff"),
    path("settings/staff/<int:staff_id>/role/", views.role, name="staff_role"),
    path("settings/staff/<int:staff_id>/deactivation/", views.deactivation, name="staff_deactivation"),
    path("settings/staff/<int:staff_id>/reactivation/", views.reactivation, name="staff_reactivation"),
    path("settings/staff/invitations/", invitation_views.invitations, name="invitations"),
    path(
        "settings/staff/invitations/<int:invitation_id>/renewal/",
        invitation_views.renewal,
        name="invitation_renewal",
    ),
    path(
        "settings/staff/invitations/<int:invitation_id>/revocation/",
        invitation_views.revocation,
        name="invitation_revocation",
    ),
    path("settings/profile/", views.profile, name="profile"),
    path("join/<str:token>/", invitation_views.join, name="join"),
]
