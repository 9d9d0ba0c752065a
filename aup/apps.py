from django.apps import AppConfig


class AupConfig(AppConfig):
    name = "aup"
    label = "aup"
