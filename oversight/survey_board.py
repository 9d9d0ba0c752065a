"""What both sides said of how they were treated: sums only, and none of a few."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.models.survey import KEPT_DAYS, Said, SurveyAnswer, tallied, written
from oversight.charts import ROW, WIDTH
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.replica import may_lag
from tipstaff.sla.attainment import FEW
from tipstaff.time import now

SHOWN = 100  # texts of one side


@dataclass(frozen=True)
class Line:
    """A bar of the picture: the share that agrees, as long as its percent."""

    y: int
    width: float
    said: Said


@require_safe
@needs(Permission.HISTORY_VIEW)
@may_lag
def survey_board(request: StaffRequest) -> HttpResponse:
    """For each side the share that agrees with each sentence, and what was written; nothing below FEW."""
    today = now().date()
    found = tallied(today)
    sides = [
        {
            "label": SurveyAnswer.Side(side).label,
            "key": side,
            "said": said,
            "count": said[0].count,
            "lines": [
                Line(ROW * place, max((WIDTH - 60) * one.agree / 100, 2), one)
                for place, one in enumerate(said)
                if one.agree is not None
            ],
            "texts": written(today, side)[:SHOWN],
        }
        for side, said in found.items()
    ]
    context = {"sides": sides, "few": FEW, "days": KEPT_DAYS, "width": WIDTH, "height": ROW * 3}
    return render(request, "oversight/survey_board.html", context)
