from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "tipstaff.accounts"
    label = "accounts"
