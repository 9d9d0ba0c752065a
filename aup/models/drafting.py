"""Drafting: how the text of a version is written while it is a draft, each change an act of its own."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import F, Value
from django.db.models.deletion import ProtectedError
from django.db.models.functions import Concat
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup import checks
from aup.digests import digest
from aup.schema import GROUP, LINK_KEYS, OPTIONAL_RULE_KEYS, RULE_KEYS, SAID
from tipstaff.permissions import Permission
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from aup.models.rule import Rule
    from aup.models.rule_group import RuleGroup

DRAFT = "draft"
UP, DOWN = "up", "down"


def as_fact(value: Any) -> Any:
    """`value` for an event, which holds no binary fractions."""
    match value:
        case float():
            return Decimal(str(value))
        case dict():
            return {key: as_fact(item) for key, item in value.items()}
        case list():
            return [as_fact(item) for item in value]
    return value


def as_json(value: Any) -> Any:
    """What `as_fact` was given."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {key: as_json(item) for key, item in value.items()}
        case list():
            return [as_json(item) for item in value]
    return value


def refuse(problems: list[checks.Problem], about: str) -> None:
    if problems:
        raise Refused(" ".join(f"{capfirst(about)}: {checks.sentence(problem)}." for problem in problems))


def refuse_unless_same(document: Any, opened: str) -> None:
    """`opened` is the digest of what a page showed when it was opened."""
    if (digest(document) if document is not None else "") != opened:
        raise Refused(_("Somebody changed this since you opened it. Open it again and make your change there."))


class Drafting(Record):
    """The part of `PolicyVersion` that writes its text. Only a draft can be written, by trigger too."""

    rules: Any
    groups: Any
    linked_documents: Any
    catalogue: Any
    matrix: Any
    policy: Any
    number: Any
    based_on_id: Any

    class Meta:
        abstract = True

    @property
    def description(self) -> dict[str, Any]:
        """What a version says about itself."""
        return {key: getattr(self, key) for key in SAID}

    def known(self) -> checks.Known:
        """What the rules of this version may name."""
        return checks.Known.of(self.catalogue.document, self.matrix.document)

    def rule_in(self, code: str) -> "Rule | None":
        found: Rule | None = self.rules.select_related("group").prefetch_related("examples").filter(code=code).first()
        return found

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Say what it is about"),
        said=gettext_lazy("described the version"),
    )
    def describe(self, *, actor: Actor, said: dict[str, Any], opened: str) -> None:
        """Set number, rationale, what changed, summary and scope. Rules are cited by the number, so they follow it."""
        refuse_unless_same(self.description, opened)
        refuse([p for key in SAID for p in checks.shape(said[key], SAID[key], (key,))], self.title)
        if reason := self.number_refused(said["number"]):
            raise Refused(reason)
        for key in SAID:
            setattr(self, key, said[key])
        self.rules.update(cite=Concat(F("code"), Value(f"@{self.number}")))

    def number_refused(self, number: str) -> str | None:
        raise NotImplementedError

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Write a rule"),
        said=gettext_lazy("wrote a rule"),
    )
    def write_rule(self, *, actor: Actor, group: str, rule: dict[str, Any], opened: str) -> None:
        """Put the rule's whole document in the place of what stands under its code, or add it to `group`."""
        document = as_json(rule)
        refuse(checks.rule_problems(document, self.known()), _("rule %(code)s") % {"code": document.get("code", "")})
        row = self.rule_in(document["code"])
        refuse_unless_same(row and row.opened_as, opened)
        family = self._group(group)
        if row is None:
            self._refuse_reused(document["code"])
            row = self.rules.model(version=self, position=self.rules.count() + 1)
        self._fill(row, family, document)
        self._renumber()

    def _fill(self, row: "Rule", family: "RuleGroup", document: dict[str, Any]) -> None:
        if row.pk and row.group_id != family.pk:
            row.position = self.rules.count() + 1  # the last of its new group
        row.group, row.cite = family, f"{document['code']}@{self.number}"
        for key in RULE_KEYS:
            setattr(row, key, document[key])
        for key in OPTIONAL_RULE_KEYS:
            setattr(row, key, document.get(key, []))
        row.save()
        row.examples.all().delete()
        row.examples.bulk_create(
            row.examples.model(rule=row, kind=kind, text=text, position=position)
            for kind, texts in document["examples"].items()
            for position, text in enumerate(texts, start=1)
        )

    def _refuse_reused(self, code: str) -> None:
        """A code means one thing for ever. A rule of the version that the draft is based on can be brought back."""
        used = self.rules.model.objects.filter(code=code, version__published_at__isnull=False)
        if self.based_on_id is None or used.filter(version_id=self.based_on_id).exists():
            return
        if earlier := used.select_related("version").order_by("-version__published_at").first():
            words = {"code": code, "number": earlier.version.number, "title": earlier.title}
            raise Refused(
                _("Version %(number)s used %(code)s for “%(title)s”. A code is never used again; choose another.")
                % words
            )

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Take a rule out"),
        said=gettext_lazy("took a rule out"),
    )
    def remove_rule(self, *, actor: Actor, code: str, opened: str) -> None:
        """Take the rule out of the draft. Earlier versions keep it, and its code is not used for anything else."""
        row = self._rule(code)
        refuse_unless_same(row.opened_as, opened)
        row.examples.all().delete()
        row.translations.all().delete()
        try:
            row.delete()
        except ProtectedError as error:
            raise Refused(_("Something refers to this rule; switch it off instead.")) from error
        self._renumber()

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Move a rule"),
        said=gettext_lazy("moved a rule"),
    )
    def move_rule(self, *, actor: Actor, code: str, direction: str) -> None:
        """Swap the rule with its neighbour above (`up`) or below (`down`) in its group."""
        row = self._rule(code)
        self._swap(row, self.rules.filter(group=row.group), direction)

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Write a group"),
        said=gettext_lazy("wrote a group"),
    )
    def write_group(self, *, actor: Actor, group: dict[str, Any], opened: str) -> None:
        """Put title and description in the place of what stands under the group's code, or add it at the end."""
        refuse(checks.shape(group, GROUP), _("group %(code)s") % {"code": group.get("code", "")})
        row = self.groups.filter(code=group["code"]).first()
        refuse_unless_same(row and row.document, opened)
        row = row or self.groups.model(version=self, code=group["code"], position=self.groups.count() + 1)
        row.title, row.description = group["title"], group["description"]
        row.save()

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Take a group out"),
        said=gettext_lazy("took a group out"),
    )
    def remove_group(self, *, actor: Actor, code: str) -> None:
        """Take out a group that has no rules any more."""
        row = self._group(code)
        if row.rules.exists():
            raise Refused(_("The group still has rules. Move them to another group or take them out first."))
        row.translations.all().delete()
        row.delete()
        self._renumber()

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Move a group"),
        said=gettext_lazy("moved a group"),
    )
    def move_group(self, *, actor: Actor, code: str, direction: str) -> None:
        """Swap the group, with all its rules, with its neighbour above (`up`) or below (`down`)."""
        self._swap(self._group(code), self.groups.all(), direction)
        self._renumber()

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Link a document"),
        said=gettext_lazy("linked a document"),
    )
    def link_document(self, *, actor: Actor, document: dict[str, Any]) -> None:
        """Link a document of another kind, such as a model card, whose uses out of scope bind nobody."""
        links = [{key: getattr(link, key) for key in LINK_KEYS} for link in self.linked_documents.all()]
        refuse(checks.link_problems([*links, document]), _("document"))
        self.linked_documents.create(position=len(links) + 1, **document)

    @operation(
        source=DRAFT,
        permission=Permission.POLICY_EDIT,
        label=gettext_lazy("Take a link out"),
        said=gettext_lazy("took a linked document out"),
    )
    def unlink_document(self, *, actor: Actor, title: str) -> None:
        """Take a link out of the draft."""
        if not self.linked_documents.filter(title=title).delete()[0]:
            raise Refused(_("This document is not linked any more."))
        for position, link in enumerate(self.linked_documents.order_by("position"), start=1):
            link.position = position
            link.save(update_fields=["position"])

    def _rule(self, code: str) -> "Rule":
        if row := self.rule_in(code):
            return row
        raise Refused(_("The draft has no rule %(code)s any more.") % {"code": code})

    def _group(self, code: str) -> "RuleGroup":
        found: RuleGroup | None = self.groups.filter(code=code).first()
        if found is None:
            raise Refused(_("The draft has no group %(code)s.") % {"code": code})
        return found

    def _swap(self, row: Any, rows: Any, direction: str) -> None:
        """Exchange the places of `row` and its neighbour; at the end of the list nothing moves."""
        beyond = rows.filter(position__lt=row.position) if direction == UP else rows.filter(position__gt=row.position)
        other = beyond.order_by("-position" if direction == UP else "position").first()
        if other is None:
            return
        row.position, other.position = other.position, row.position
        row.save(update_fields=["position"])
        other.save(update_fields=["position"])

    def _renumber(self) -> None:
        """Number groups and rules from 1 in the order in which they are read: by group, then by place within it."""
        for rows in (self.groups.order_by("position"), self.rules.order_by("group__position", "position")):
            moved = []
            for position, row in enumerate(rows.only("pk", "position"), start=1):
                if row.position != position:
                    row.position = position
                    moved.append(row)
            rows.model.objects.bulk_update(moved, ["position"])
