from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "tipstaff.notices"
    label = "notices"
