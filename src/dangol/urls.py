"""Every address: each app brings its own, the desk has the front page."""

from django.urls import include, path

handler500 = "dangol.kernel.broken.broken"

urlpatterns = [
    path("", include("dangol.desk.urls")),
    path("", include("dangol.desk.settings_urls")),
    path("", include("dangol.inbox.urls")),
    path("", include("dangol.worth.urls")),
    path("", include("dangol.channels.urls")),
    path("", include("dangol.customers.public_urls")),
    path("", include("dangol.staff.urls")),
    path("", include("dangol.api.urls")),
    path("", include("dangol.showcase.urls")),
    path("account/", include("dangol.staff.account_urls")),
]
