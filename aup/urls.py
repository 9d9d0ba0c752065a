from django.urls import path, register_converter

from aup.models.version import NUMBER
from aup.views import compare, desk, history, matrix, public


class Number:
    """The number of a version. Words of ours that could be one are in `version.TAKEN`."""

    regex = NUMBER.pattern

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Number, "number")

app_name = "aup"
urlpatterns = [
    path("", public.policy, name="policy"),
    path("policy.json", history.document, {"form": "json"}, name="policy_json"),
    path("policy.md", history.document, {"form": "md"}, name="policy_markdown"),
    path("rules/<slug:code>/", public.rule, name="rule"),
    path("matrix/", public.matrix, name="matrix"),
    path("history/", history.history, name="history"),
    path("compare/", compare.compare, name="compare"),
    path("versions/", desk.versions, name="versions"),
    path("versions/<slug:ref>/", desk.version, name="version"),
    path("versions/<slug:ref>/matrix/", matrix.matrix_edit, name="matrix_edit"),
    path("versions/<slug:ref>/matrix/check/", matrix.matrix_check, name="matrix_check"),
    path("versions/<slug:ref>/<slug:operation>/", desk.operate, name="operate"),
    path("<number:number>/", history.edition, name="edition"),
    path("<number:number>/policy.json", history.document, {"form": "json"}, name="edition_json"),
    path("<number:number>/policy.md", history.document, {"form": "md"}, name="edition_markdown"),
]
