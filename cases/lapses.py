"""What ends by itself in the cases, and who is told: measures, and breaches that stop counting. Promise 5: nothing ends
because of this, so what was missed while no worker ran is told late, with its date.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import (
    CharField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, Greatest
from django.urls import reverse

from aup.models import PolicyVersion
from cases import asking, gateway, putting_right, silence, statement
from cases.models import Case, Decision, Hearing, Remediation, Report, Sanction, Withholding
from cases.models.decision import STANDING
from cases.models.effect import PASSING
from cases.models.measured import accounts_above
from tipstaff import languages
from tipstaff.accounts.models import User
from tipstaff.ledger.models import Event
from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.notices.reminders import LATE, REMINDERS, Watch, asked_at, lately
from tipstaff.time import now
from tipstaff.workflow import references

LONG = timedelta(days=7)  # a measure that lasts longer is announced before it ends
AHEAD = timedelta(days=3)
REMIND = timedelta(days=7)  # before what can be done to put it right lapses
AGAIN = timedelta(days=7)  # an answer that is missing is asked for once more
BEFORE_IT_ENDS = timedelta(days=2)  # one that has an end, so long before it


def link(decision: Any, scope: str = "subject") -> str:
    """The durable page of the account holder with the reasons, where an appeal is lodged as well, or the newest of the
    holder of the wider account; "" where there is none. Neither is given the other's.
    """
    rows = Notice.objects.filter(about=decision.reference, scope=scope)
    notice = rows.order_by("given_at" if scope == "subject" else "-given_at").first()
    return notice.get_absolute_url() if notice else ""


def _lasting() -> QuerySet[Sanction]:
    """The measures that nothing has ended before their day."""
    rows = Sanction.objects.decided().filter(state=Sanction.State.ISSUED, ends_at__isnull=False)
    rows = rows.exclude(kind__in=PASSING)
    return rows.select_related(
        "case", "subject", "decision__case__subject", "decision__rule__version__matrix"
    ).annotate(ends=F("ends_at"))


def measures_ending(at: datetime) -> QuerySet[Sanction]:
    ending = _lasting().filter(ends_at__gt=at, ends_at__lte=at + AHEAD, starts_at__lte=at)
    return ending.filter(ends_at__gt=F("starts_at") + LONG)


def measures_ended(at: datetime) -> QuerySet[Sanction]:
    return _lasting().filter(ends_at__lte=at, ends_at__gt=at - LATE)


def _tell_holder(mail: str, sanction: Sanction) -> None:
    """One mail for all measures of the decision that end together; the first of them carries it. Where they reach a
    wider account, its holder gets one of their own, about what they bore, with the link of their own notice.
    """
    decision: Any = sanction.decision
    together = list(_lasting().filter(decision=decision, ends_at=sanction.ends_at).order_by("pk"))
    told = [(decision.case.subject, "subject", together)]
    if decision.scope_id:
        told.append((decision.scope, "wider", [one for one in together if one.subject_id == decision.scope_id]))
    for account, scope, ending in told:
        if not ending or ending[0] != sanction:
            continue
        limits = Sanction.objects.filter(subject__in=[account, *accounts_above(account)]).standing(now()).limiting()
        outbox.queue(
            mail,
            to=account.contact,
            about=sanction,
            actor=REMINDERS,
            language=account.language,
            link=link(decision, scope),
            not_before=silence.withheld_until(sanction.case),
            together=ending,
            others=limits.exclude(pk__in=[one.pk for one in together]).exists(),
            remedies=partial(statement.remedies, decision) if scope == "subject" else None,  # in the mail's language
        )


def announce_end(sanction: Sanction) -> None:
    _tell_holder("measure_ends", sanction)


def tell_end(sanction: Sanction) -> None:
    """The account holder and the gateway hear of it. The gateway then says that access is restored."""
    _tell_holder("measure_ended", sanction)
    gateway.tell_sanction(sanction, "expired", actor=REMINDERS)


def interims_ended(at: datetime) -> QuerySet[Sanction]:
    """Interim measures that lapsed: no decision ended them before."""
    rows = Sanction.objects.filter(interim__isnull=False, state=Sanction.State.ISSUED)
    return lately(rows.select_related("case", "subject", "interim"), F("ends_at"), at)


def tell_interim_end(sanction: Any) -> None:
    """The account holder and the gateway hear that it is over, whatever becomes of the case."""
    notice = Notice.objects.filter(about=sanction.interim.reference).first()
    outbox.queue(
        "interim_ended",
        to=sanction.subject.contact,
        about=sanction,
        actor=REMINDERS,
        language=sanction.subject.language,
        link=notice.get_absolute_url() if notice else "",
        not_before=silence.withheld_until(sanction.case),
    )
    gateway.tell_sanction(sanction, "expired", actor=REMINDERS)


def withholdings_over(at: datetime) -> QuerySet[Withholding]:
    """Orders to keep a notice back that ended by themselves: what was kept back is owed from then on."""
    return lately(Withholding.objects.filter(lifted_at=None).select_related("case__rule"), F("until"), at)


def begin_to_owe(order: Any) -> None:
    if silence.withheld_until(order.case) is None:  # else another order keeps it back, and ends in its turn
        order.owe(since=order.until)


def breaches_cleared(at: datetime) -> QuerySet[Decision]:
    """Decisions that no longer count as an earlier breach: past the window of the policy in force, and with no measure
    left under which a new breach would count as repeated.
    """
    version = PolicyVersion.objects.in_force(at)
    if version is None:
        return Decision.objects.annotate(ends=F("issued_at")).none()
    window = timedelta(days=version.matrix.recurrence_window_days)
    limits = Sanction.objects.filter(decision=OuterRef("pk"), state=Sanction.State.ISSUED).limiting()
    last = limits.order_by().values("decision").annotate(last=Max("ends_at")).values("last")
    over = ExpressionWrapper(F("notified_at") + Value(window, DurationField()), DateTimeField())
    rows = Decision.objects.with_notice().filter(
        outcome=Decision.Outcome.BREACH, state__in=STANDING, contested_at=None, issued_at__lte=at - window
    )
    rows = rows.exclude(Exists(limits.filter(ends_at=None))).exclude(remediations__clears=True)
    ends = Greatest(over, Coalesce(Subquery(last), F("issued_at")))
    return rows.annotate(ends=ends).filter(ends__lte=at, ends__gt=at - LATE).select_related("case__subject", "rule")


def tell_subject(mail: str, decision: Decision) -> None:
    """A mail to the account holder that leads to the notice of `decision`."""
    subject = decision.case.subject
    if subject is not None:
        outbox.queue(
            mail,
            to=subject.contact,
            about=decision,
            actor=REMINDERS,
            language=subject.language,
            link=link(decision),
            not_before=silence.withheld_until(decision.case),
        )


def reports_unanswered(at: datetime) -> QuerySet[Any]:
    """Reporters who were asked something by mail a week ago."""
    waiting = Report.objects.filter(state=Report.State.NEEDS_INFORMATION)
    return lately(waiting.annotate(asked_at=asked_at(Report, "report_question")), F("asked_at") + AGAIN, at)


def ask_again(report: Any) -> None:
    outbox.queue(
        "question_again",
        to=report.contact,
        about=report,
        actor=REMINDERS,
        language=report.language,
        link=languages.mailed(reverse("cases:follow"), report.language),
        asked=report.question,
        by_code=True,
    )


def hearings_unanswered(at: datetime) -> QuerySet[Hearing]:
    """Account holders who can still answer a question, and not for long any more."""
    rows = Hearing.objects.open_at(at).filter(until__lte=at + BEFORE_IT_ENDS).select_related("case__subject")
    return rows.annotate(ends=F("until") - BEFORE_IT_ENDS)


def ask_holder_again(hearing: Any) -> None:
    subject = hearing.case.subject
    outbox.queue(
        "question_again",
        to=subject.contact,
        about=hearing,
        actor=REMINDERS,
        language=subject.language,
        link=asking.link(hearing),
        not_before=silence.withheld_until(hearing.case),
        asked=hearing.question,
    )


def hearings_over(at: datetime) -> QuerySet[Hearing]:
    """Questions whose time is over without an answer: the case waits no longer, however long ago that was."""
    rows = Hearing.objects.filter(state=Hearing.State.ASKED, until__lte=at).select_related("case__subject")
    return rows.annotate(ends=F("until"))


def let_go_on(hearing: Any) -> None:
    hearing.lapse(actor=REMINDERS)


def stream_of_case() -> Concat:
    return Concat(Value("case:"), Cast(OuterRef("pk"), CharField()))


def cases_waiting(at: datetime) -> QuerySet[Case]:
    """Cases set aside a week ago until somebody answers, and for whose answer there is no last day."""
    set_aside = Event.objects.filter(stream=stream_of_case(), kind="case.awaited_information").order_by("-seq")
    waiting = Case.objects.filter(state=Case.State.AWAITING_INFORMATION)
    waiting = waiting.exclude(Exists(Hearing.objects.filter(case=OuterRef("pk"), state=Hearing.State.ASKED)))
    waiting = waiting.annotate(since=Subquery(set_aside.values("at")[:1]), act=Subquery(set_aside.values("pk")[:1]))
    return lately(waiting, F("since") + AGAIN, at)


def remind_investigator(case: Any) -> None:
    """Whoever set it aside asked the question in their own way; they ask again, or go on."""
    person = references.find(Event.objects.get(pk=case.act).told().get("actor", {}).get("ref", ""))
    if isinstance(person, User) and person.is_active:
        outbox.queue(
            "left_untouched",
            to=person.email,
            about=case,
            actor=REMINDERS,
            link=case.get_absolute_url(),
            person=person,
            since=case.since,
            awaiting=case.get_awaiting_display(),
        )


def claims_unworked(at: datetime) -> QuerySet[Case]:
    """Claims that ran out although nothing was done in the case while they held."""
    lease = timedelta(minutes=settings.CLAIM_MINUTES)
    waits = timedelta(minutes=settings.PASS_MINUTES, seconds=5)
    passed = Event.objects.filter(
        stream=stream_of_case(), kind="case.passed_on", at__gt=OuterRef("claimed_until") - waits
    )
    work = Event.objects.filter(stream=stream_of_case(), at__gt=OuterRef("held_from")).exclude(
        kind__regex=r"^(clock|message|notice|reminder)\.|^case\.(claimed|fetched_ahead|resumed|passed_on)$"
    )
    rows = Case.objects.filter(state=Case.State.INVESTIGATING, claimed_until__lte=at, claimed_until__gt=at - LATE)
    rows = rows.filter(claimed_ahead=False)  # what nobody came to see was not left undone
    rows = rows.annotate(
        held_from=Coalesce(Subquery(passed.order_by("-seq").values("at")[:1]), F("claimed_until") - lease)
    )
    return rows.exclude(Exists(work)).annotate(ends=F("claimed_until")).select_related("claimed_by")


def remedies_ending(at: datetime) -> QuerySet[Remediation]:
    """What can still be begun, and not for much longer."""
    rows = _begun(at).filter(due_at__gt=at, due_at__lte=at + REMIND).annotate(ends=F("due_at"))
    return rows.filter(due_at__gt=F("offered_at") + REMIND)


def remedies_lapsed(at: datetime) -> QuerySet[Remediation]:
    return lately(_begun(at), F("due_at"), at)


def _begun(at: datetime) -> QuerySet[Remediation]:
    rows = Remediation.objects.under_way().filter(handed_in_at=None, opens_at__lte=at, decision__state__in=STANDING)
    return rows.select_related("case", "subject", "decision__rule__version__matrix")


def tell_lapse(remediation: Remediation) -> None:
    """It is over by its times; the record says so, and its clock stops."""
    remediation.lapse(actor=REMINDERS)
    putting_right.tell(remediation, "remediation_lapsed", actor=REMINDERS)


def remind_of_remedy(remediation: Remediation) -> None:
    putting_right.tell(remediation, "remediation_ends", actor=REMINDERS)


def nobody(_record: Any) -> None:
    """It stands in the history and on the desk of who had it; a mail for each would be too much."""


WATCHES: tuple[Watch[Any], ...] = (
    Watch("measure_ends", measures_ending, announce_end),
    Watch("measure_ended", measures_ended, tell_end, act="tell"),
    Watch("interim_ended", interims_ended, tell_interim_end, act="tell"),
    Watch("withholding_over", withholdings_over, begin_to_owe, act="tell"),
    Watch("breach_cleared", breaches_cleared, partial(tell_subject, "breach_cleared"), act="tell", once=True),
    Watch("remedy_ends", remedies_ending, remind_of_remedy),
    Watch("remedy_lapsed", remedies_lapsed, tell_lapse, act="tell"),
    Watch("report_unanswered", reports_unanswered, ask_again),
    Watch("hearing_unanswered", hearings_unanswered, ask_holder_again),
    Watch("hearing_over", hearings_over, let_go_on, act="tell"),
    Watch("case_waits", cases_waiting, remind_investigator),
    Watch("claim_unworked", claims_unworked, nobody, act="note"),
)
