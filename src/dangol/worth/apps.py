from django.apps import AppConfig


class WorthConfig(AppConfig):
    name = "dangol.worth"
