from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "tipstaff.demo"
    label = "demo"
