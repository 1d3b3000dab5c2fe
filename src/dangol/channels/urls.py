"""Mailboxes under Settings."""

from django.urls import path

from dangol.channels import mailbox_views, sign_in_views

urlpatterns = [
    path("settings/mailboxes/", mailbox_views.mailboxes, name="mailboxes"),
    path("settings/mailboxes/new/", mailbox_views.new_mailbox, name="new_mailbox"),
    path("settings/mailboxes/servers/", mailbox_views.mailbox_servers, name="mailbox_servers"),
    path("settings/mailboxes/<int:channel_id>/", mailbox_views.mailbox, name="mailbox"),
    path("settings/mailboxes/sign-in/<slug:provider>/", sign_in_views.oauth_client, name="oauth_client"),
    path(
        "settings/mailboxes/sign-in/<slug:provider>/return/", sign_in_views.oauth_return, name="oauth_return"
    ),
    path(
        "settings/mailboxes/<int:channel_id>/sign-in/", sign_in_views.mailbox_sign_in, name="mailbox_sign_in"
    ),
    path("settings/mailboxes/<int:channel_id>/pause/", mailbox_views.pause, name="mailbox_pause"),
    path(
        "settings/mailboxes/<int:channel_id>/resumption/", mailbox_views.resumption, name="mailbox_resumption"
    ),
]
