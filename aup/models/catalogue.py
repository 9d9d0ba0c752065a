"""Catalogue: what the rules of a version name by code: exemptions, controls, vocabularies, the referral procedure."""

from typing import Any

from django.db import models

from tipstaff.ledger.models import UUIDv7


class Catalogue(models.Model):
    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    version = models.OneToOneField("aup.PolicyVersion", models.PROTECT, related_name="catalogue")
    document = models.JSONField(help_text="taxonomy.yaml without its groups.")

    def __str__(self) -> str:
        return str(self.version_id)

    def exemptions(self, codes: list[str]) -> list[dict[str, Any]]:
        """The exemptions named by `codes`, each with its code, title, condition and who grants it."""
        known = self.document["exemptions"]
        return [{"code": code, **known[code]} for code in codes]

    def controls(self, codes: list[str]) -> list[dict[str, Any]]:
        """The controls named by `codes`, each with its code, stage and title."""
        known = self.document["controls"]
        return [{"code": code, **known[code]} for code in codes]

    def meaning(self, enumeration: str, value: str) -> str:
        """What a word of the taxonomy means, such as `dispositions` and `restricted`."""
        return str(self.document["enumerations"][enumeration].get(value, ""))
