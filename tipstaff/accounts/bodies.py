"""What the body of a call may be, where the framework would let the interpreter refuse it."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class Bodies(JSONParser):
    """JSON, as the framework reads it; brackets in brackets without end are refused like any other bad body."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("This JSON is nested deeper than any body of ours.")) from error
