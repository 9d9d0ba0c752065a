"""Note: what colleagues should know of a case or an account. Written once; what was wrong is put right by another one.
Neither the account holder nor a reporter ever reads it.
"""

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models.case import Case
from cases.models.stake import others
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

TEXT_LIMIT = 2000
SHOWN = 20  # the newest; the others stand in the history
SAME = timedelta(minutes=5)  # in which the same words from the same person are the same note


class NoteQuerySet(RefQuerySet["Note"]):
    def visible_to(self, person: Any) -> Self:
        if not person.may(Permission.CASE_VIEW):
            return self.none()
        return others(others(self, person), person, "subject")

    def around(self, case: Case) -> Self:
        """On the case and on its account, newest first."""
        on = Q(case=case) if case.subject_id is None else Q(case=case) | Q(subject=case.subject_id)
        return self.filter(on).select_related("author").order_by("-written_at")

    def written_just_now(self, author: User, on: Case | Subject, text: str) -> bool:
        about = {"case": on} if isinstance(on, Case) else {"subject": on}
        return self.filter(author=author, text=text.strip(), written_at__gt=now() - SAME, **about).exists()


@references.register("note")
class Note(Record):
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="notes", db_index=False)
    subject = models.ForeignKey(Subject, models.PROTECT, null=True, related_name="notes", db_index=False)
    text = models.TextField(max_length=TEXT_LIMIT)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["-written_at"]
        indexes = [
            models.Index(fields=["case", "-written_at"], condition=Q(case__isnull=False), name="note_of_case"),
            models.Index(fields=["subject", "-written_at"], condition=Q(subject__isnull=False), name="note_of_subject"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(case__isnull=False, subject=None) | Q(case=None, subject__isnull=False),
                name="note_on_one_thing",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def on(self) -> Case | Subject:
        return self.case or self.subject  # type: ignore[return-value]  # one of them, by its constraint

    @property
    def title(self) -> str:
        return _("Note on %(what)s") % {"what": self.on.title}

    def history_of(self) -> Record:
        return self.on

    def complete(self, *, actor: Actor) -> None:
        self.written_at, self.text = now(), self.text.strip()
        if not self.text:
            raise Refused(_("Write what others should know."))
        if Note.objects.written_just_now(self.author, self.on, self.text):
            raise Refused(_("You wrote this a moment ago; it stands there."))

    @operation(creates=True, permission=Permission.NOTE_WRITE, said=gettext_lazy("wrote a note"))
    def write(self, *, actor: User) -> None:
        """Leave a word for colleagues. It cannot be changed or removed."""
