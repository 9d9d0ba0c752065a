"""What a list can be narrowed by: query parameters, checked as strictly as a body and told in the schema."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from rest_framework import exceptions, serializers

from tipstaff.accounts.api.pages import PAGE_SIZE_LIMIT

ACCOUNT = re.compile(r"[A-Za-z0-9._@:-]{1,120}")
CURSOR_LIMIT = 300


class Several(serializers.MultipleChoiceField):
    """Any of a few words; given twice it means either."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices=choices, required=False, allow_empty=False, **options)

    def to_internal_value(self, data: Any) -> Any:
        for word in data:
            if word not in self.choice_strings_to_values:
                self.fail("unknown", word=word[:80], known=", ".join(self.choice_strings_to_values))
        return super().to_internal_value(data)

    default_error_messages = {"unknown": "There is no “{word}”. Known are: {known}."}


class _Pattern(serializers.RegexField):
    def __init__(self, regex: Any, message: str, **options: Any) -> None:
        super().__init__(regex, required=False, trim_whitespace=False, error_messages={"invalid": message}, **options)


class Reference(_Pattern):
    """A reference as people read it. One that names nothing gives an empty list; one that cannot is refused."""

    def __init__(self, letter: str, **options: Any) -> None:
        options.setdefault("help_text", f"Its reference, such as {letter}-0042.")
        super().__init__(rf"^{letter}-[0-9A-Z]{{4,16}}\Z", f"A reference looks like {letter}-0042.", **options)


class Account(_Pattern):
    """The provider's own id of an account. An account that we have never heard of gives an empty list: most are."""

    def __init__(self, **options: Any) -> None:
        message = "An account id has up to 120 letters, digits and . _ @ : - only."
        options.setdefault("help_text", "The account, by the provider's own id.")
        super().__init__(rf"^{ACCOUNT.pattern}\Z", message, **options)


class Instant(serializers.DateTimeField):
    """A time with its offset (RFC 3339); a time that could be anywhere is refused."""

    default_error_messages = {"invalid": "Give a time with its offset, such as 2026-03-01T00:00:00Z."}

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_internal_value(self, value: Any) -> datetime:
        try:
            parsed = parse_datetime(value) if isinstance(value, str) else None
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is None or "T" not in value.upper():
            self.fail("invalid")
        return super().to_internal_value(parsed)


class Filters(serializers.Serializer[Any]):
    """The query parameters of a list. Each field's `source` is the lookup it stands for, so that what was validated
    is what the rows are filtered by. A parameter that is not known, or given twice without meaning, is refused.
    """

    cursor = serializers.CharField(
        required=False, max_length=CURSOR_LIMIT, help_text="From `next` or `previous` of another page."
    )
    page_size = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=PAGE_SIZE_LIMIT,
        help_text=f"How many at once; {PAGE_SIZE_LIMIT} at most.",
    )

    @classmethod
    def read(cls, query: QueryDict, **context: Any) -> Self:
        """The parameters of one request, valid; else 400 with each wrong one by name."""
        fields = cls().fields
        wrong: dict[str, list[str]] = {}
        plain: dict[str, Any] = {}
        for name, values in query.lists():
            if name not in fields:
                wrong[name[:80]] = [f"There is no such parameter here. Known are: {_listed(fields)}."]
            elif isinstance(fields[name], Several):
                plain[name] = values
            elif len(values) > 1:
                wrong[name] = ["Give this once."]
            else:
                plain[name] = values[0]
        filters = cls(data=plain, context=context)
        if not filters.is_valid():
            wrong |= filters.errors
        if wrong:
            raise exceptions.ValidationError(wrong)
        return filters

    def narrow(self, rows: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        """`rows` that fit. A subclass takes out of `validated_data` what is more than a lookup."""
        lookups = {name: value for name, value in self.validated_data.items() if name not in {"cursor", "page_size"}}
        return rows.filter(**lookups)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
