"""What stands in the file of a waiver: request, screening and outcome, and what the database holds them to."""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy

from aup.models import Rule
from governance.models.ballot import CONDITION_LIMIT, Ballot
from tipstaff.accounts.models import Subject, User
from tipstaff.time import now
from tipstaff.workflow.models import NextRef, Record
from tipstaff.workflow.states import StateField

MAX_DAYS = 365  # no waiver holds longer without a new decision
TEXT_LIMIT = 5000
TOPIC_LIMIT = 160


class Dossier(Record):
    class State(models.TextChoices):
        DRAFT = "draft", gettext_lazy("Draft")
        SUBMITTED = "submitted", gettext_lazy("Submitted")
        SCREENING = "screening", gettext_lazy("Screening")
        UNDER_REVIEW = "under_review", gettext_lazy("Under review")
        CHANGES_REQUESTED = "changes_requested", gettext_lazy("Changes requested")
        GRANTED = "granted", gettext_lazy("Granted")
        REFUSED = "refused", gettext_lazy("Refused")
        SUSPENDED = "suspended", gettext_lazy("Suspended")
        REVOKED = "revoked", gettext_lazy("Revoked")
        WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")

    class Kind(models.TextChoices):
        EXEMPTION = "exemption", gettext_lazy("Exemption from a rule")
        PERMISSION = "permission", gettext_lazy("Permission for a restricted use")

    class Route(models.TextChoices):
        COMMITTEE = "committee", gettext_lazy("The committee decides")
        SCREENING = "screening", gettext_lazy("Compliance decides when screening")

    class Risk(models.TextChoices):
        LOW = "low", gettext_lazy("Low")
        MEDIUM = "medium", gettext_lazy("Medium")
        HIGH = "high", gettext_lazy("High")

    class Disclosure(models.TextChoices):
        PUBLIC = "public", gettext_lazy("Public, without names")
        REDACTED = "redacted", gettext_lazy("Counted in public, not described")
        CONFIDENTIAL = "confidential", gettext_lazy("Confidential; only counted")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("W"), editable=False)
    state = StateField(max_length=20, choices=State, default=State.DRAFT)
    kind = models.CharField(max_length=12, choices=Kind)
    exemption = models.CharField(max_length=10, blank=True, help_text="The ground, by its code in the policy.")
    route = models.CharField(max_length=12, choices=Route, default=Route.COMMITTEE, editable=False)
    rules = models.ManyToManyField(Rule, through="governance.WaiverRule", related_name="waivers")
    beneficiaries = models.ManyToManyField(Subject, through="governance.WaiverBeneficiary", related_name="waivers")
    system = models.ForeignKey("governance.AISystem", models.PROTECT, null=True, blank=True, related_name="waivers")
    topic = models.CharField(max_length=TOPIC_LIMIT, help_text="What is asked for, in one line.")
    applicant_name = models.CharField(max_length=200)
    contact = models.EmailField()
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    accounts = models.CharField(max_length=500, blank=True, help_text="Whom it is for, as they typed it.")
    conduct = models.TextField(max_length=TEXT_LIMIT, help_text="What exactly would be permitted.")
    purpose = models.TextField(max_length=TEXT_LIMIT)
    data_involved = models.TextField(max_length=TEXT_LIMIT)
    safeguards = models.TextField(max_length=TEXT_LIMIT)
    jurisdictions = models.CharField(max_length=300)
    residual_risk = models.TextField(max_length=TEXT_LIMIT, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True, help_text="The last day. Mandatory, and at most a year after the first.")
    disclosure = models.CharField(max_length=12, choices=Disclosure, default=Disclosure.PUBLIC)
    disclosure_reason = models.TextField(max_length=2000, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    token = models.UUIDField(null=True, blank=True, db_index=True, help_text="The machine that asked.")
    submission = models.UUIDField(
        null=True, unique=True, editable=False, help_text="The same form twice is one request."
    )
    earlier = models.ForeignKey("governance.Waiver", models.PROTECT, null=True, blank=True, related_name="later")
    drafted_at = models.DateTimeField(default=now, editable=False)
    submitted_at = models.DateTimeField(null=True)
    screened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    screened_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(
        null=True, help_text="Facts confirmed; an answer of the applicant opens it again."
    )
    risk = models.CharField(max_length=8, choices=Risk, blank=True)
    conflicts = models.TextField(max_length=2000, blank=True, help_text="Interests that screening noted.")
    changes = models.TextField(max_length=TEXT_LIMIT, blank=True, help_text="What the applicant is asked to change.")
    answers = models.TextField(blank=True)
    ballot = models.ForeignKey(Ballot, models.PROTECT, null=True, related_name="+", help_text="The one that decided.")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    conditions = ArrayField(models.CharField(max_length=CONDITION_LIMIT), default=list, blank=True)
    reasons = models.TextField(max_length=TEXT_LIMIT, blank=True)
    ended_reason = models.TextField(max_length=TEXT_LIMIT, blank=True, help_text="Why suspended, revoked or recalled.")
    recalled_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["-drafted_at"]
        indexes = [models.Index(fields=["state", "-submitted_at"], name="waiver_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind="exemption") & ~Q(exemption=""))
                | Q(kind="permission", exemption="")
                | Q(state__in=["draft", "withdrawn"]),
                name="waiver_exemption_has_ground",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"])
                | Q(submitted_at__isnull=False, starts_on__isnull=False, ends_on__isnull=False),
                name="waiver_submitted_has_dates",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"])
                | Q(ends_on__gt=F("starts_on"), ends_on__lte=F("starts_on") + timedelta(days=MAX_DAYS)),
                name="waiver_ends_within_a_year",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "withdrawn"])
                | Q(screened_by__isnull=False, screened_at__isnull=False),
                name="waiver_screened_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(screened_by=None) | Q(requested_by=None) | ~Q(screened_by=F("requested_by")),
                name="waiver_not_screened_by_applicant",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(requested_by=None) | ~Q(decided_by=F("requested_by")),
                name="waiver_not_decided_by_applicant",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(ballot=None) | ~Q(decided_by=F("screened_by")),
                name="waiver_ballot_not_closed_by_screener",
            ),
            models.CheckConstraint(
                condition=~Q(state="changes_requested") | ~Q(changes=""), name="waiver_changes_are_named"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["granted", "suspended", "revoked", "refused"])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(reasons="")),
                name="waiver_decided_has_reasons",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["granted", "suspended", "revoked"])
                | (~Q(conditions=[]) & (Q(ballot__isnull=False) | Q(route="screening", recalled_at=None))),
                name="waiver_granted_has_conditions",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | Q(ballot__isnull=False), name="waiver_refused_by_ballot"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["suspended", "revoked"]) | ~Q(ended_reason=""), name="waiver_ended_has_reason"
            ),
            models.UniqueConstraint(
                fields=["earlier"], condition=~Q(state__in=["draft", "withdrawn"]), name="waiver_followed_once"
            ),
        ]
