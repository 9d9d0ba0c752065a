"""A machine's credentials at the API: the token in the header, and what its scopes allow."""

from datetime import timedelta
from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tipstaff.accounts.models import Token
from tipstaff.accounts.models.token import hashed
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.refused import NotPermitted


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer tps_…`"""

    def authenticate(self, request: Request) -> tuple[Token, Token] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if len(words) != 2 or words[0].lower() != "bearer":
            return None
        token = Token.objects.usable(now()).filter(hash=hashed(words[1])).first()
        if token is None:
            raise exceptions.AuthenticationFailed("This token is unknown, expired or revoked.")
        if token.last_used_at is None or now() - token.last_used_at > timedelta(hours=1):
            Token.objects.filter(pk=token.pk).update(last_used_at=now())
        return token, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def alternatives(scope: Permission | tuple[Permission, ...]) -> tuple[Permission, ...]:
    """The scopes of which one is enough."""
    return scope if isinstance(scope, tuple) else (scope,)


class NeedsScope(BasePermission):
    """A view lists in `scopes` what each of its actions needs, one scope or several of which any will do; an action it
    does not list is refused. A scope that is lacking is recorded like every refusal of permission.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Token):
            return False
        if view.action is None:
            return True  # the view has no such method, and says so with 405
        if (scope := view.scopes.get(view.action)) is None:
            return False
        needed = alternatives(scope)
        if not any(request.auth.may(one) for one in needed):
            raise NotPermitted(
                "This token lacks the scope that the call needs.", permission=needed[0], about=request.path
            )
        return True
