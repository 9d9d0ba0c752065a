"""How the rules of the policy are named at the machine's door."""

from typing import Any

from rest_framework import serializers

from aup.models import PolicyVersion, Rule
from aup.models.version import NUMBER


class Citation(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="The rule.")
    version = serializers.CharField(help_text="The version of the policy that says so.")


def citation(rule: Rule) -> dict[str, str]:
    """How a rule is cited, from its own row: `CODE@NUMBER`."""
    code, _at, version = rule.cite.rpartition("@")
    return {"code": code, "version": version}


class RuleCode(serializers.RegexField):
    """The code of a rule that some version of the policy has; anything else is a slip and refused."""

    def __init__(self, **options: Any) -> None:
        message = "The code of a rule looks like SP-03."
        super().__init__(
            r"^[A-Za-z0-9-]{1,10}\Z",
            required=False,
            trim_whitespace=False,
            help_text="The code of a rule, in any version.",
            error_messages={"invalid": message},
            **options,
        )

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).upper()

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if not Rule.objects.filter(code=value).exists():
            raise serializers.ValidationError("No version of the policy has a rule with this code.")


class VersionNumber(serializers.RegexField):
    """The number of a published version; anything else is a slip and refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            rf"^(?:{NUMBER.pattern})\Z",
            required=False,
            trim_whitespace=False,
            help_text="The number of a published version.",
            error_messages={"invalid": "The number of a version looks like 1.1."},
            **options,
        )

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if not PolicyVersion.objects.published().filter(number=value).exists():
            raise serializers.ValidationError("No version with this number was published.")
