from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "tipstaff.vault"
    label = "vault"
