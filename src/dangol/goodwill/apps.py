from django.apps import AppConfig


class GoodwillConfig(AppConfig):
    name = "dangol.goodwill"
