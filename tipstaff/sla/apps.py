from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "tipstaff.sla"
    label = "sla"
