from django.http import HttpRequest, HttpResponse
from django.urls import path


def today(request: HttpRequest) -> HttpResponse:
    return HttpResponse("today")


urlpatterns = [path("", today, name="today")]
