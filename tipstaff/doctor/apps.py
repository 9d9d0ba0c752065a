from django.apps import AppConfig


class DoctorConfig(AppConfig):
    name = "tipstaff.doctor"
    label = "doctor"
