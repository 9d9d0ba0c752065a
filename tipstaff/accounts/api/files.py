"""Files at the machine's door: sent first, then named in the report or the request that they belong to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from tipstaff.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent
from tipstaff.accounts.api.resources import Resource
from tipstaff.accounts.models import Token
from tipstaff.permissions import Permission
from tipstaff.vault import storage
from tipstaff.vault.forms import FilesField
from tipstaff.vault.models import SealedFile

READ = {
    "id": "01a2020d-0d4d-77ea-845f-998b4d326e7e",
    "name": "requests.jsonl",
    "size": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "declared_type": "application/jsonl",
    "sniffed_type": "application/x-ndjson",
    "scan_result": "",
    "received_at": "2026-03-02T08:15:00Z",
}


@dataclass(frozen=True)
class Sender:
    """A machine's token at this door: who may send a file may have it sealed, and may do nothing else to any."""

    token: Token
    actor_kind = "token"

    @property
    def actor_ref(self) -> str:
        return self.token.actor_ref

    def may(self, permission: Permission) -> bool:
        return permission == Permission.FILE_SEAL and self.token.may(Permission.FILE_SEND)


@extend_schema_serializer(examples=[OpenApiExample("A file that was sealed", value=READ, response_only=True)])
class FileSerializer(serializers.ModelSerializer[SealedFile]):
    """A sealed file, by its digest."""

    scan_result = serializers.CharField(
        read_only=True,
        help_text="What a malware scanner said: clean, found, unscannable or error; empty until one has.",
    )

    class Meta:
        model = SealedFile
        fields = list(READ)
        read_only_fields = fields
        extra_kwargs = {
            "sha256": {"help_text": "Of the bytes as they came; compare it with yours."},
            "sniffed_type": {"help_text": "What it is by its content."},
        }


@extend_schema_serializer(
    examples=[OpenApiExample("A file", value={"file": "(bytes)"}, media_type="multipart/form-data")]
)
class FileSent(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="The bytes, with a name and a type.")

    def validate_file(self, upload: Any) -> Any:
        return FilesField(most=1, required=True).clean([upload])[0]


class FileViewSet(Resource[SealedFile]):
    """Files that this token sent, as multipart/form-data. What no report or request names within a day is removed."""

    tag = "Files"
    lookup_field = "id"
    lookup_value_regex = "[0-9a-f-]{36}"
    serializer_class = FileSerializer
    parser_classes = (MultiPartParser,)
    queryset = SealedFile.objects.none()
    scopes = {"create": Permission.FILE_SEND, "retrieve": Permission.FILE_SEND}

    @property
    def visible(self) -> Any:
        token: Any = self.request.auth
        return SealedFile.objects.filter(received_from=token.actor_ref, state=SealedFile.State.SEALED)

    @extend_schema(
        request={"multipart/form-data": FileSent}, responses={201: FileSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def create(self, request: Request) -> Response:
        """Send a file. It is sealed under a key of its own; name its id in the report or request that it belongs to."""
        sent = FileSent(data=request.data)
        sent.is_valid(raise_exception=True)
        token: Any = request.auth
        sender = Sender(token)
        self.sealed = storage.receive(sent.validated_data["file"], actor=sender)  # its key is committed before the rest
        try:
            answer = self._once(request)
        except BaseException:
            storage.let_go(self.sealed, actor=sender)
            raise
        if "Idempotent-Replayed" in answer.headers:
            storage.let_go(self.sealed, actor=sender)
        return answer

    @idempotent
    def _once(self, request: Request) -> Response:
        return Response(self.get_serializer(self.sealed).data, status=201)


class SentFiles(serializers.ListField):
    """Ids of files that this token sent and that belong to nothing yet; the files, once checked."""

    child = serializers.UUIDField()

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", "Ids of files that were sent to /files/ before, by this token.")
        super().__init__(max_length=settings.FILES_PER_FORM, required=False, write_only=True, **options)

    def to_internal_value(self, data: Any) -> Any:
        wanted: list[UUID] = super().to_internal_value(data)
        token: Any = self.context["request"].auth
        free = SealedFile.objects.filter(
            received_from=token.actor_ref, state=SealedFile.State.SEALED, matter="", pk__in=wanted
        )
        known = {file.pk: file for file in free}
        if unknown := [pk for pk in dict.fromkeys(wanted) if pk not in known]:
            raise serializers.ValidationError([f"There is no file {unknown[0]} of yours that belongs to nothing yet."])
        return list(known.values())
