"""Translation: what a version, a group or a rule says, in another language, and the wording that this was made from.

It stands beside the text and never in it: a published version keeps its translations open to correction. Whether one
is current or stale is computed from the wording it was made from and the wording there is now.
"""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup import checks, wording
from aup.digests import digest
from aup.models.drafting import refuse
from aup.models.version import PolicyVersion, as_person
from tipstaff.languages import described
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

CARRIED = ("language", "words", "source", "source_sha256", "written_by_id", "written_at")


class TranslationQuerySet(RefQuerySet["Translation"]):
    def visible_to(self, person: Any) -> Self:
        return self.filter(version__in=PolicyVersion.objects.visible_to(person))

    def standing(self) -> Self:
        """Without those that were taken out."""
        return self.exclude(words={})

    def take_along(self, earlier: PolicyVersion, later: PolicyVersion) -> None:
        """Give `later`, a new draft, the translations of `earlier`, as they are and by whom, for what it still has.
        Each is stale there wherever the original is worded otherwise.
        """
        groups = {row.code: row for row in later.groups.all()}
        rules = {row.code: row for row in later.rules.all()}
        kept = []
        for old in earlier.translations.standing().select_related("group", "rule"):
            group = groups.get(old.group.code) if old.group else None
            rule = rules.get(old.rule.code) if old.rule else None
            if (old.group is None or group) and (old.rule is None or rule):
                same = {name: getattr(old, name) for name in CARRIED}
                kept.append(Translation(version=later, group=group, rule=rule, **same))
        self.bulk_create(kept)


def written_already(translation: "Translation", _actor: Actor) -> str | None:
    """The version is locked by now, so nobody writes a second one beside this."""
    same = {name: getattr(translation, name) for name in ("version_id", "group_id", "rule_id", "language")}
    return _written_meanwhile() if Translation.objects.filter(**same).exists() else None


def _written_meanwhile() -> str:
    return _("Somebody wrote this translation since you opened the page. Open it again and make your change there.")


def nothing_there(translation: "Translation", _actor: Actor) -> str | None:
    return None if translation.words else _("There is no translation to take out.")


@references.register("translation")
class Translation(Record):
    """Of the rule or the group that it names; of what the version says about itself where it names neither."""

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="translations", db_index=False)
    group = models.ForeignKey("aup.RuleGroup", models.PROTECT, null=True, related_name="translations")
    rule = models.ForeignKey("aup.Rule", models.PROTECT, null=True, related_name="translations")
    language = models.CharField(gettext_lazy("language"), max_length=10)
    words = models.JSONField(default=dict, help_text="The translated parts by their names; none once it was taken out.")
    source = models.JSONField(default=dict, help_text="The same parts of the original, as they were translated.")
    source_sha256 = models.CharField(max_length=64, editable=False)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    untold = frozenset({"words", "source"})  # the acts tell them as facts
    objects = TranslationQuerySet.as_manager()

    class Meta:
        ordering = ["language", "written_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "language", "group", "rule"], name="translation_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(group=None) | Q(rule=None), name="translation_of_one_thing"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        about = self.rule or self.group
        words = {
            "language": described(self.language)["name_translated"],
            "what": about.code if about else self.version.title,
        }
        return _("the translation of %(what)s (%(language)s)") % words

    def history_of(self) -> Record:
        return self.version

    @property
    def kind(self) -> str:
        return "rule" if self.rule_id else "group" if self.group_id else "version"

    def original(self) -> wording.Text:
        """What it translates, as it stands now."""
        if self.rule:
            return wording.of_rule(self.rule.document)
        return wording.of_group(self.group.document) if self.group else wording.of_version(self.version)

    def settle(self) -> None:
        self.source_sha256 = digest(self.source)

    @operation(
        creates=True,
        permission=Permission.POLICY_TRANSLATE,
        guard=written_already,
        label=gettext_lazy("Translate"),
        said=gettext_lazy("translated a part of the policy"),
    )
    def write(
        self, *, actor: Actor, code: str, words: wording.Text, seen: str, made_from: wording.Text | None = None
    ) -> None:
        """Add a translation of what was `seen` (its digest). `made_from` has parts of an earlier wording, where a file
        brings a translation that was stale already.
        """
        if self.language not in wording.targets():
            raise Refused(_("The policy cannot be translated into “%(code)s”.") % {"code": self.language[:20]})
        self._put(actor, words, seen, made_from or {})

    @operation(
        permission=Permission.POLICY_TRANSLATE,
        label=gettext_lazy("Renew the translation"),
        said=gettext_lazy("renewed a translation"),
    )
    def renew(self, *, actor: Actor, code: str, words: wording.Text, seen: str, opened: str) -> None:
        """Put `words` in the place of what the page showed (`opened`), made from what was `seen` of the original."""
        self._refuse_unless_same(opened)
        self._put(actor, words, seen, {})

    @operation(
        permission=Permission.POLICY_TRANSLATE,
        guard=nothing_there,
        label=gettext_lazy("Take the translation out"),
        said=gettext_lazy("took a translation out"),
    )
    def take_out(self, *, actor: Actor, code: str, opened: str) -> None:
        """Show the original again. What the translation said stays in the history."""
        self._refuse_unless_same(opened)
        self.words, self.source, self.written_by, self.written_at = {}, {}, as_person(actor), now()

    def _refuse_unless_same(self, opened: str) -> None:
        if digest(self.words) != opened:
            raise Refused(_written_meanwhile())

    def _put(self, actor: Actor, words: wording.Text, seen: str, made_from: wording.Text) -> None:
        original = self.original()
        if digest(original) != seen:
            raise Refused(_("The original was changed since you opened the page. Read it again before you save."))
        refuse(checks.translation_problems(self.kind, {**words, "made_from": made_from}, original), self.title)
        self.words, self.source = words, {part: made_from.get(part, original.get(part)) for part in words}
        self.written_by, self.written_at = as_person(actor), now()
