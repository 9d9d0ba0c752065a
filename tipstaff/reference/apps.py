from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    name = "tipstaff.reference"
    label = "reference"
