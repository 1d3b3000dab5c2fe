from django.conf import settings
from django.urls import path

from dangol.showcase import views

demo_patterns = [
    path("showcase/enter/<str:token>/", views.entrance, name="showcase_entrance"),
    path("showcase/messages/<int:message_id>/", views.mail_of_message, name="showcase_message"),
    path("showcase/outbox/", views.outbox, name="showcase_outbox"),
    path("showcase/outbox/<int:delivery_id>/", views.mail, name="showcase_mail"),
    path("showcase/outbox/<int:delivery_id>/html/", views.mail_html, name="showcase_mail_html"),
    path("showcase/outbox/<int:delivery_id>/raw/", views.mail_raw, name="showcase_mail_raw"),
]
# Outside the demo none of these addresses exists.
urlpatterns = demo_patterns if settings.DANGOL_DEMO else []
