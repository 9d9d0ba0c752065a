"""What every resource of the API is: lists in pages with strict filters, one record, and a POST address for each act.

A resource names its `queryset`, `serializer_class`, `filters`, the scopes of its reads, and in `acts` the operations
that a machine may do with the facts each takes. The rest follows from the operations' own declarations.
"""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from tipstaff.accounts.api.filters import Filters
from tipstaff.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent
from tipstaff.accounts.api.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import available_to


class Offered(serializers.Serializer[Any]):
    operation = serializers.CharField(help_text="Its name.")
    method = serializers.CharField(help_text="POST, or PUT where the whole record is sent.")
    url = serializers.URLField(help_text="Where to send it.")


class NoFacts(serializers.Serializer[Any]):
    """For an operation that needs nothing but the address."""


class Reading[R: Record](serializers.ModelSerializer[R]):
    """How a record is read. `available` is what this token may do to it now."""

    available = serializers.SerializerMethodField(help_text="What this token may do to it now, and where.")

    def include_extra_kwargs(self, kwargs: MutableMapping[str, Any], extra_kwargs: MutableMapping[str, Any]) -> Any:
        """A blank that can be read is told in the schema, although a read-only field does not need to know of it."""
        blank = {"allow_blank": True} if kwargs.get("allow_blank") else {}
        return {**super().include_extra_kwargs(kwargs, extra_kwargs), **blank}

    @extend_schema_field(Offered(many=True))
    def get_available(self, record: R) -> list[dict[str, str]]:
        view = self.context["view"]
        names = [act.name for act in available_to(record, self.context["request"].auth)]
        return [view.offer(record, name) for name in names if name in view.acts or name in view.written]


class Resource[R: Record](mixins.RetrieveModelMixin, viewsets.GenericViewSet[R]):
    """Reads of one model through `visible_to`, and its operations. With `ListModelMixin` there is a list too."""

    lookup_field = "ref"
    lookup_value_regex = r"[A-Z]-[0-9A-Z]{1,16}"
    pagination_class = Pages
    tag: ClassVar[str] = ""
    filters: ClassVar[type[Filters]] = Filters
    scopes: ClassVar[dict[str, Permission | tuple[Permission, ...]]] = {}  # of reads; any of a tuple will do
    acts: ClassVar[dict[str, type[serializers.Serializer[Any]]]] = {}  # operation: the facts it takes
    written: ClassVar[dict[str, str]] = {}  # operation: the method by which the record's own address does it
    shown_once: ClassVar[set[str]] = set()
    submission = ""

    def __init_subclass__(cls, **extra: Any) -> None:
        super().__init_subclass__(**extra)
        if "acts" not in vars(cls):
            return
        model = cls.queryset.model  # type: ignore[union-attr]
        for name, facts in cls.acts.items():
            setattr(cls, name, _address_of(model, name, facts, cls.serializer_class))
            cls.scopes = cls.scopes | {name: getattr(model, name).operation.permission}

    @cached_property
    def at(self) -> datetime:
        """The one time that the whole answer is about."""
        return now()

    @property
    def visible(self) -> Any:
        rows: Any = type(self).queryset
        return rows.model.objects.visible_to(self.request.auth)

    def get_queryset(self) -> Any:
        return self.read(self.visible)

    def read(self, rows: Any) -> Any:
        """`rows` with what the serializer reads and no more, so that none costs a query of its own."""
        return rows

    def filter_queryset(self, rows: Any) -> Any:
        if self.action != "list":
            return rows
        return self.filters.read(self.request.query_params, token=self.request.auth).narrow(rows, self.at)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.at}

    def offer(self, record: R, name: str) -> dict[str, str]:
        """How the operation `name` of `record` is called."""
        address = "detail" if name in self.written else name
        url = self.reverse_action(address.replace("_", "-"), args=[getattr(record, self.lookup_field)])
        return {"operation": name, "method": self.written.get(name, "POST"), "url": url}

    def replayed(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The first answer again, for the same Idempotency-Key."""
        return body


def _address_of(model: type[Record], name: str, facts: Any, answer: Any) -> Any:
    """The action behind `POST …/{name}/`: get, check the facts, call the operation, answer as a read does."""
    operation = getattr(model, name)

    @idempotent
    def perform(view: Any, request: Request, **where: str) -> Response:
        record = get_object_or_404(view.visible, **where)
        given = facts(data=request.data, context=view.get_serializer_context())
        given.is_valid(raise_exception=True)
        operation(record, actor=request.auth, **given.validated_data)
        return Response(view.get_serializer(view.get_object()).data)

    perform.__name__, perform.__doc__ = name, operation.__doc__
    there = action(detail=True, methods=["post"], url_path=name.replace("_", "-"), url_name=name.replace("_", "-"))
    body = None if facts is NoFacts else facts
    return extend_schema(request=body, responses=answer, parameters=[IDEMPOTENCY_KEY])(there(perform))
