"""The staff's side of the inbox."""

from django.urls import path

from dangol.inbox import file_views, views

urlpatterns = [
    path("conversations/<int:conversation_id>/reply/", views.reply, name="reply"),
    path("conversations/<int:conversation_id>/reply-undo/", views.reply_undo, name="reply_undo"),
    path("conversations/<int:conversation_id>/authorship/", views.authorship, name="authorship"),
    path("conversations/<int:conversation_id>/note/", views.note, name="note"),
    path("conversations/<int:conversation_id>/draft/", views.draft, name="draft"),
    path("conversations/<int:conversation_id>/assignment/", views.assignment, name="assignment"),
    path("conversations/<int:conversation_id>/closure/", views.closure, name="closure"),
    path("conversations/<int:conversation_id>/reopening/", views.reopening, name="reopening"),
    path("conversations/<int:conversation_id>/postponement/", views.postponement, name="postponement"),
    path("messages/<int:message_id>/html/", file_views.message_html, name="message_html"),
    path("attachments/<int:attachment_id>/", file_views.attachment, name="attachment"),
]
