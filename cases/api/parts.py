"""What several resources about cases have in common."""

from typing import Any

from rest_framework import serializers

from tipstaff.accounts.api import Filters


class SeverityFilters(Filters):
    """For lists that can be narrowed by how severe things are."""

    severity = serializers.IntegerField(
        required=False, min_value=1, max_value=4, help_text="1 (low) to 4 (critical), this one exactly."
    )


def refs(rows: Any) -> list[str]:
    """The references of prefetched rows, oldest first."""
    return sorted((row.ref for row in rows), key=lambda ref: (len(ref), ref))
