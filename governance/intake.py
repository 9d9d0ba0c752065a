"""What a system has to say about itself before anybody approves it: one list of questions, asked of every system.

Keys are permanent: answers are kept by key, in rows and in histories. A question that is added later is unanswered in
every approved system, and the map says so.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ANSWER_LIMIT = 2000  # characters


@dataclass(frozen=True)
class Question:
    key: str
    wording: "StrOrPromise"
    hint: "StrOrPromise"


QUESTIONS = (
    Question("users", _("Who uses it, and who else is affected by what it does?"),
             _("For example customers, staff, or people whom its outputs are about. Say if minors can reach it.")),
    Question("data", _("Which data may it access?"),
             _("Name the sources and the kinds of personal data. Say what it must never see.")),
    Question("retention", _("What does it keep of prompts, uploads and outputs, and for how long?"),
             _("Say also what is used to train or to tune a model.")),
    Question("decisions", _("Which decisions may it influence?"),
             _("Say about whom, and which of them it may take without a person. Write “none” if there are none.")),
    Question("human_review", _("Which outputs does a person review before they take effect?"),
             _("Name the role that reviews. Write “none” if nobody does.")),
    Question("actions", _("What may it do by itself?"),
             _("Tools, accounts, money, messages to others. Write “nothing” if it only answers.")),
    Question("limits", _("What must it never be used for, beyond what the policy says?"),
             _("Write “nothing further” if the policy says it all.")),
    Question("failure", _("How is it stopped, and who can stop it at any hour?"),
             _("Name the switch and the role, not the person.")),
)  # fmt: skip
KEYS = tuple(question.key for question in QUESTIONS)


def unanswered(answers: dict[str, str]) -> list[Question]:
    """The questions that `answers` leaves open, in their order."""
    return [question for question in QUESTIONS if not answers.get(question.key, "").strip()]
