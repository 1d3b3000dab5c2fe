from django.urls import path

from dangol.customers import public_views

urlpatterns = [path("unsubscribe/<str:signed>/", public_views.unsubscribe, name="unsubscribe")]
