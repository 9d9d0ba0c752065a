"""Pages of a list: newest first, with a cursor that stays right while rows are added."""

from typing import Any
from uuid import UUID

from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

PAGE_SIZE_LIMIT = 100


class Pages(CursorPagination):
    """Newest first; ids are ordered by time. A cursor that we did not make is refused and named."""

    ordering = "-id"
    page_size = PAGE_SIZE_LIMIT
    page_size_query_param = "page_size"
    max_page_size = PAGE_SIZE_LIMIT

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor: Any = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                UUID(cursor.position)
        except (exceptions.NotFound, ValueError) as error:
            raise exceptions.ValidationError(
                {"cursor": ["This is no cursor of ours; take `next` or `previous` as they are."]}
            ) from error
        return cursor

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The envelope of a page, with cursors that look like ours."""
        address = {"type": ["string", "null"], "format": "uri"}
        link = "https://desk.example/api/v1/reports/?cursor=cD0wMTlh"
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": address | {"example": link, "description": "The page after this one; null on the last."},
                "previous": address | {"example": link, "description": "The page before; null on the first."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []  # `cursor` and `page_size` are among the Filters of every list
