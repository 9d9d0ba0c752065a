"""The machine's door: what every resource under /api/v1/ shares, and the provider's accounts."""

from tipstaff.accounts.api.files import FileViewSet, SentFiles
from tipstaff.accounts.api.filters import Account, Filters, Instant, Reference, Several
from tipstaff.accounts.api.idempotency import IDEMPOTENCY_KEY, KeyReused, idempotent
from tipstaff.accounts.api.named import Named
from tipstaff.accounts.api.pages import Pages
from tipstaff.accounts.api.resources import NoFacts, Reading, Resource
from tipstaff.accounts.api.subjects import SubjectViewSet

__all__ = [
    "IDEMPOTENCY_KEY",
    "Account",
    "FileViewSet",
    "Filters",
    "Instant",
    "KeyReused",
    "Named",
    "NoFacts",
    "Pages",
    "Reading",
    "Reference",
    "Resource",
    "SentFiles",
    "Several",
    "SubjectViewSet",
    "idempotent",
]
