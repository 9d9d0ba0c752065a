from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "tipstaff.jobs"
    label = "jobs"
