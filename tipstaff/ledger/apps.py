from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "tipstaff.ledger"
    label = "ledger"
