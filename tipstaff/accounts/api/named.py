"""A record by its name in a body, where the framework would let the database refuse what stands in no name."""

from typing import Any

from rest_framework import serializers


class Named(serializers.SlugRelatedField):
    """A record by its name. A NUL is refused before a query meets it."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and "\0" in data:
            self.fail("invalid")
        return super().to_internal_value(data)
