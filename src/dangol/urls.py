"""Every address: each app brings its own, the desk has the front page."""

from django.urls import include, path

urlpatterns = [
    path("", include("dangol.desk.urls")),
    path("", include("dangol.inbox.urls")),
    path("", include("dangol.channels.urls")),
    path("", include("dangol.staff.urls")),
    path("", include("dangol.showcase.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
]
