from django.http import HttpRequest, HttpResponse
from django.urls import path

from dangol.desk import views


def today(request: HttpRequest) -> HttpResponse:
    return HttpResponse("today")


urlpatterns = [
    path("", today, name="today"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/<int:conversation_id>/", views.conversation, name="conversation"),
    path("rail/", views.rail, name="rail"),
]
