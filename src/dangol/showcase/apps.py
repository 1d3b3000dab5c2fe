from django.apps import AppConfig


class ShowcaseConfig(AppConfig):
    name = "dangol.showcase"
