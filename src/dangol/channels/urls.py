"""Mailboxes under Settings."""

from django.urls import path

from dangol.channels import mailbox_views

urlpatterns = [
    path("settings/mailboxes/", mailbox_views.mailboxes, name="mailboxes"),
    path("settings/mailboxes/new/", mailbox_views.new_mailbox, name="new_mailbox"),
    path("settings/mailboxes/servers/", mailbox_views.mailbox_servers, name="mailbox_servers"),
    path("settings/mailboxes/<int:channel_id>/", mailbox_views.mailbox, name="mailbox"),
    path("settings/mailboxes/<int:channel_id>/pause/", mailbox_views.pause, name="mailbox_pause"),
    path(
        "settings/mailboxes/<int:channel_id>/resumption/", mailbox_views.resumption, name="mailbox_resumption"
    ),
]
