"""What a notice says of the claims that the act was research in good faith."""

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from cases.models import Decision


def told(decision: "Decision") -> list[dict[str, Any]]:
    """The reasons of each that covered the act and was assessed, a refusal with the limit that it went beyond. Of one
    that nobody assessed before a breach was decided: why not, and who looks at it if the decision is contested.
    """
    claims: Any = apps.get_model("cases", "Claim").objects
    heading = {
        "accepted": _("Why we treat this as research in good faith"),
        "refused": _("Why we do not treat this as research in good faith"),
    }
    covering = list(claims.covering(decision.case, decision.conduct_at))
    parts = [
        {"heading": heading[claim.state], "paragraphs": [*claim.reasons.split("\n\n"), *claim.limit_words]}
        for claim in covering
        if claim.assessed_at
    ]
    if decision.outcome == "breach" and any(claim.state == "open" for claim in covering):
        parts.append(
            {
                "heading": _("You said that this was research in good faith"),
                "paragraphs": [
                    _("The harm could not wait until that was assessed, so we decided first.")
                    if decision.tier_restricts
                    else _("That was not assessed, because this decision takes nothing away from the account."),
                    _("If you appeal, somebody who had no part in this decision looks at it first."),
                ],
            }
        )
    return parts
