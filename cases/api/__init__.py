"""Cases at the machine's door: reports are filed there, and what people decided is read. Nothing is decided there.

Texts that people wrote (what a reporter said, findings, reasons) and the names of staff are left out: a machine needs
none of them. Reports show what their own machine sent.
"""

from cases.api.cases import CaseViewSet
from cases.api.decisions import DecisionViewSet
from cases.api.reports import ReportViewSet
from cases.api.sanctions import SanctionViewSet

__all__ = ["CaseViewSet", "DecisionViewSet", "ReportViewSet", "SanctionViewSet"]
