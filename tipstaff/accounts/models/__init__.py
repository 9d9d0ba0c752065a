"""Who: the people who work here, the machines that may call, and the provider's accounts that are decided about."""

from tipstaff.accounts.models.subject import Subject
from tipstaff.accounts.models.token import IdempotentRequest, Token
from tipstaff.accounts.models.user import User

__all__ = ["IdempotentRequest", "Subject", "Token", "User"]
