from django.urls import path, register_converter

from aup.models.version import NUMBER
from aup.views import (
    acknowledgement,
    compare,
    desk,
    feedback,
    feedback_desk,
    files,
    history,
    matrix,
    public,
    terms,
    translating,
    writing,
)


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
    path("acknowledge/", acknowledgement.at_desk, name="acknowledge"),
    path("acknowledge/<str:token>/", acknowledgement.by_link, name="acknowledge_by_link"),
    path("feedback/", feedback.feedback, name="feedback"),
    path("feedback/follow/<str:token>/", feedback.follow, name="feedback_follow"),
    path("feedback/items/", feedback_desk.feedback_list, name="feedback_list"),
    path("feedback/items/<slug:ref>/", feedback_desk.feedback_item, name="feedback_item"),
    path("feedback/items/<slug:ref>/<slug:operation>/", feedback_desk.feedback_act, name="feedback_act"),
    path("versions/", desk.versions, name="versions"),
    path("versions/import/", files.import_file, name="import"),
    path("versions/<slug:ref>/", desk.version, name="version"),
    path("versions/<slug:ref>/policy.yaml", files.export_file, name="export"),
    path("versions/<slug:ref>/next/", writing.draft_next, name="draft_next"),
    path("versions/<slug:ref>/text/", writing.text, name="text"),
    path("versions/<slug:ref>/about/", writing.about, name="about"),
    path("versions/<slug:ref>/groups/", writing.group_new, name="group_new"),
    path("versions/<slug:ref>/groups/<slug:code>/", writing.group_edit, name="group_edit"),
    path("versions/<slug:ref>/groups/<slug:code>/<slug:act>/", writing.group_act, name="group_act"),
    path("versions/<slug:ref>/rules/", writing.rule_new, name="rule_new"),
    path("versions/<slug:ref>/rules/<slug:code>/", writing.rule_edit, name="rule_edit"),
    path("versions/<slug:ref>/rules/<slug:code>/<slug:act>/", writing.rule_act, name="rule_act"),
    path("versions/<slug:ref>/links/", writing.link, name="link"),
    path("versions/<slug:ref>/links/remove/", writing.unlink, name="unlink"),
    path("versions/<slug:ref>/acknowledged/", acknowledgement.coverage, name="acknowledged"),
    path("versions/<slug:ref>/matrix/", matrix.matrix_edit, name="matrix_edit"),
    path("versions/<slug:ref>/matrix/terms/", terms.terms_edit, name="terms_edit"),
    path("versions/<slug:ref>/matrix/check/", matrix.matrix_check, name="matrix_check"),
    path("versions/<slug:ref>/translations/", translating.translations, name="translations"),
    path(
        "versions/<slug:ref>/translations/<slug:language>/next/", translating.translation_next, name="translation_next"
    ),
    path(
        "versions/<slug:ref>/translations/<slug:language>/version/", translating.translation, name="translation_about"
    ),
    path(
        "versions/<slug:ref>/translations/<slug:language>/<slug:kind>/<slug:code>/",
        translating.translation,
        name="translation",
    ),
    path("versions/<slug:ref>/<slug:operation>/", desk.operate, name="operate"),
    path("<number:number>/", history.edition, name="edition"),
    path("<number:number>/policy.json", history.document, {"form": "json"}, name="edition_json"),
    path("<number:number>/policy.md", history.document, {"form": "md"}, name="edition_markdown"),
]
