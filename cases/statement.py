"""The statement of reasons: written from the decision's fields, given as a durable page, sent with a signed link."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aup.matrix.words import called
from aup.models.decision_matrix import said
from cases import asking, researched, silence
from cases.models.grounds import FROM_OUTSIDE, Source
from tipstaff.accounts.models import Subject
from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models import Decision, Sanction

HEADING_LIMIT = 250
MAIL = "decision_issued"
APPEAL_MONTHS = 6  # DSA 20(1); a tier may say more


def appeal_closes_at(decision: "Decision") -> datetime | None:
    """When the window ends: counted from the day the notice reached the subject (DSA 20(1)), so None until then. Who
    opens it later than the mail left has the whole window from there.
    """
    notice = (
        Notice.objects.filter(about=decision.reference, action="appeals:lodge", scope="subject")
        .select_related("message")
        .first()
    )
    if notice is None or notice.reached_at is None:
        return None
    months = decision.tier_document.get("appeal_months", APPEAL_MONTHS)
    return notice.reached_at + relativedelta(months=months)


def give(decision: "Decision", *, to: Subject, actor: Actor) -> Notice:
    """Give `to` the notice of `decision` and queue the mail that carries its link. In this transaction. Where the law
    keeps it back, the page stands and the mail with its link waits; the clock of the statement starts with its end.
    """
    kept_back = silence.withheld_until(decision.case)
    with translation.override(to.language):
        notice = Notice(
            about=decision.reference,
            about_stream=decision.stream,
            scope="subject",
            heading=_heading(decision)[:HEADING_LIMIT],
            sections=sections(decision),
            action="appeals:lodge" if decision.outcome == "breach" else "",
            action_label=_("Appeal this decision") if decision.outcome == "breach" else "",
            language=to.language,
            given_at=decision.issued_at or now(),
        )
    notice.give(actor=actor)
    message = outbox.queue(
        MAIL,
        to=to.contact,
        about=decision,
        actor=actor,
        language=to.language,
        link=notice.get_absolute_url(),
        not_before=kept_back,
        heading=notice.heading,
        right=f"{settings.BASE_URL}{links[0][1]}" if (links := decision.notice_links(notice.token)) else "",
    )
    if message is not None:
        Notice.objects.filter(pk=notice.pk).update(message=message)
    if message is not None and kept_back is None:
        clocks.start_if_set(decision, Clock.Kind.STATEMENT, severity=decision.case.severity, referral=decision.refers)
    return notice


def _heading(decision: "Decision") -> str:
    account = decision.case.subject.title if decision.case.subject else ""
    if decision.outcome == "breach":
        tier = decision.tier_document.get("title") or decision.tier
        return _("Decision about %(account)s: %(tier)s") % {"account": account, "tier": said(tier)}
    return _("Decision about %(account)s: no measure") % {"account": account}


def preview(decision: "Decision", measures: "list[Sanction]") -> dict[str, Any]:
    """The notice of an unsaved decision with the measures it would bring, in the language of who will get it."""
    language = decision.case.subject.language if decision.case.subject else settings.LANGUAGE_CODE
    with translation.override(language):
        heading, parts = str(_heading(decision)), sections(decision, measures)
    return {"heading": heading, "sections": parts, "language": language}


def sections(decision: "Decision", measures: "list[Sanction] | None" = None) -> list[dict[str, Any]]:
    """Facts, rule, why it applies, grading, measures, remediation, automation, redress (DSA 17(3))."""
    imposed = list(decision.sanctions.order_by("id")) if measures is None else measures
    parts: list[dict[str, Any]] = [
        {"heading": _("What we decided, and why"), "paragraphs": decision.reasons.split("\n\n")},
        {
            "heading": _("The rule"),
            "paragraphs": [decision.rule.statement],
            "language": settings.POLICY_LANGUAGE,  # of the paragraphs: the rule's own words
            "facts": _rule_facts(decision),
        },
    ]
    if heard := asking.heard(decision):
        parts.append({"heading": _("What you told us"), "facts": heard})
    if decision.outcome == "breach":
        parts += [
            {"heading": _("How we graded it"), "facts": _grading(decision)},
            {"heading": _("What follows"), "facts": what_follows(imposed)},
        ]
        if offered := remedies(decision):
            parts.append({"heading": _("How you can put it right"), "paragraphs": offered})
    else:
        parts.append({"heading": _("What follows"), "paragraphs": [_("Nothing is imposed on the account.")]})
    parts += researched.told(decision)
    parts += how_it_came(decision)
    if decision.outcome == "breach":
        if allowed := decision.rule.examples.filter(kind="allowed").first():
            parts.append(
                {
                    "heading": _("What the rule would have allowed"),
                    "paragraphs": [allowed.text],
                    "language": settings.POLICY_LANGUAGE,
                }
            )
        parts.append({"heading": _("If you disagree"), "paragraphs": _redress(decision)})
    return parts


def _rule_facts(decision: "Decision") -> list[list[str]]:
    return [
        [_("Rule"), f"{decision.rule.code} {decision.rule.title}"],
        [_("Policy version"), decision.rule.version.number],
        [_("When it happened"), date_format(decision.conduct_at, "DATE_FORMAT")],
        [_("Where the rule holds"), ", ".join(decision.rule.place_labels)],
    ]


def _grading(decision: "Decision") -> list[list[str]]:
    days = decision.rule.version.matrix.recurrence_window_days
    times = {
        "first": _("the first in 180 days"),
        "repeat": _("the second in 180 days"),
        "persistent": _("repeated, or during a measure that was in force"),
    }
    usual = days == 180 and decision.recurrence in times
    counted = _("%(recurrence)s, counted over %(days)s days") % {
        "recurrence": called(decision.recurrence),
        "days": days,
    }
    return [
        [_("Intent"), decision.intent_words],
        [_("Data concerned"), decision.sensitivity_words],
        [_("Severity (1 low to 4 critical)"), str(decision.severity)],
        [_("Earlier breaches"), times[decision.recurrence] if usual else counted],
        *[[_("What we took into account"), said(title)] for title, _note in decision.factor_words],
    ]


def what_follows(imposed: "list[Sanction]") -> list[list[str]]:
    """Each measure, and where they limit the account (DSA 17(3)(a)): no measure of ours is limited to a place."""
    facts = [measure(sanction) for sanction in imposed]
    if any(sanction.lasts for sanction in imposed):
        facts.append([_("Where this applies"), _("everywhere the account is used")])
    return facts


def measure(sanction: "Sanction") -> list[str]:
    """One measure in words: what it is, and until when."""
    if not sanction.lasts:
        return [sanction.get_kind_display(), _("given with this notice")]
    if "due_days" in sanction.terms:
        return [
            sanction.get_kind_display(),
            ngettext(
                "to be finished within %(days)s day", "to be finished within %(days)s days", sanction.terms["due_days"]
            )
            % {"days": sanction.terms["due_days"]},
        ]
    if sanction.ends_at is None:
        return [
            sanction.get_kind_display(),
            _("from %(day)s, without end") % {"day": date_format(sanction.starts_at, "DATE_FORMAT")},
        ]
    return [
        sanction.get_kind_display(),
        _("from %(start)s until %(end)s UTC")
        % {
            "start": date_format(sanction.starts_at, "DATETIME_FORMAT"),
            "end": date_format(sanction.ends_at, "DATETIME_FORMAT"),
        },
    ]


def remedies(decision: "Decision") -> list[str]:
    """What the tier that holds asks of the account holder, or offers, besides its measures."""
    offered = decision.rule.version.matrix.tiers.get(decision.effective_tier, {}).get("remediation", {})
    words = {
        "training": _("a course about this rule"),
        "certification": _("a signed plan with evidence that the required controls are live"),
        "re_evaluation": _("a fresh review of the account after the cooling-off period"),
    }
    how = {
        "required": _("Required: %(what)s."),
        "offered": _("Offered to you: %(what)s."),
        "optional": _("If you like: %(what)s."),
        "on_request": _("On request: %(what)s."),
    }
    return [how[offered[kind]] % {"what": text} for kind, text in words.items() if offered.get(kind) in how]


def how_it_came(decision: "Decision") -> list[dict[str, Any]]:
    """How it began, how it was found and decided, and what it rests on (DSA 17(3)(b) to (e))."""
    parts: list[dict[str, Any]] = [
        {"heading": _("How this began"), "paragraphs": began(decision.sources)},
        {"heading": _("How this was found and decided"), "paragraphs": [_automation(decision)]},
    ]
    if decision.outcome == "breach":
        parts.append({"heading": _("What the decision rests on"), **_ground(decision)})
    return parts


def began(sources: list[str]) -> list[str]:
    """Whether it followed a notice or our own initiative. It says of what kind the reports were, and of whom never."""
    words = {
        Source.NOTICE: _("Somebody who does not work for us reported it to us. We do not say who."),
        Source.FLAGGER: _("A trusted flagger reported it to us: a body whose reports we look at first."),
        Source.MACHINE: _("A computer system reported it to us, without anybody filling in a form."),
        Source.STAFF: _("Somebody who works for us noticed it."),
    }
    first = []
    if FROM_OUTSIDE.intersection(sources):
        first = [_("This decision follows a notice that we received.")]
    elif Source.MACHINE not in sources:  # whose system it was that reported is not said, so neither is this
        first = [_("We looked into it on our own initiative. Nobody outside had reported it to us.")]
    return [*first, *(text for source, text in words.items() if source in sources)]


def _ground(decision: "Decision") -> dict[str, Any]:
    """Our terms always; the law where whoever decided named one. The reasons say why each applies."""
    rule = {"code": decision.rule.code}
    if not decision.legal_ground:
        return {
            "paragraphs": [
                _("It rests on our rules: we hold that rule %(code)s was broken. We do not decide whether a law was.")
                % rule
            ]
        }
    return {
        "paragraphs": [
            _("We hold that what happened is against rule %(code)s, and that it is also against the law.") % rule,
            _("The reasons at the top say why it falls under both."),
        ],
        "facts": [[_("The law"), decision.legal_ground]],
    }


def _automation(decision: "Decision") -> str:
    if decision.detection == "partial":
        return _(
            "This was found with automated help. People decided it: one person investigated, and the decision was "
            "issued under our rules on who may decide."
        )
    return _(
        "This was found by people, not by software. People decided it: one person investigated, and the decision was "
        "issued under our rules on who may decide."
    )


def _redress(decision: "Decision") -> list[str]:
    months = decision.tier_document.get("appeal_months", APPEAL_MONTHS)
    return [
        ngettext(
            "You can appeal within %(months)s month of the day this notice reached you. It is free and needs no "
            "account. Someone who had no part in the decision will read your appeal.",
            "You can appeal within %(months)s months of the day this notice reached you. It is free and needs no "
            "account. Someone who had no part in the decision will read your appeal.",
            months,
        )
        % {"months": months},
        _("You can also go to an out-of-court dispute settlement body or to a court; you need not appeal first."),
    ]
