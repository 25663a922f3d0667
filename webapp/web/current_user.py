"""The signed-in account, as views and templates know it, and the actor of the current request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID

from flask import g, request
from flask_login import AnonymousUserMixin, UserMixin, current_user

from webapp.core.actor import Actor
from webapp.db.models import Account, AccountSession, Role
from webapp.services.accounts import sessions


@dataclass(frozen=True)
class CurrentUser(UserMixin):
    """An account in one of its sessions, with the session's token."""

    session_id: UUID
    account: Account
    token: str = field(repr=False)

    @classmethod
    def by(cls, session: AccountSession, token: str) -> CurrentUser:
        """Build the user of a session."""
        return cls(session.id, session.account, token)

    def get_id(self) -> str:
        """Return the token, which the session cookie stores."""
        return self.token

    @property
    def id(self) -> UUID:
        """The account's id."""
        return self.account.id

    @property
    def username(self) -> str:
        """The account's name."""
        return self.account.username

    @property
    def role(self) -> Role:
        """The account's role."""
        return Role(self.account.role)

    @property
    def is_admin(self) -> bool:
        """Whether the account has all rights."""
        return self.account.is_admin

    @property
    def is_operator(self) -> bool:
        """Whether the account may enrol people and view their pictures."""
        return self.account.is_operator


class Nobody(AnonymousUserMixin):
    """Nobody is signed in."""

    is_admin = False
    is_operator = False


def load_user(token: str) -> CurrentUser | None:
    """Return the user of a session's token; None if the session has ended."""
    found = sessions.find(token)
    return CurrentUser.by(found, token) if found else None


def current_actor() -> Actor:
    """Return the actor of the current request: its API key, or the signed-in account."""
    client = current_client()
    if client.key or not current_user.is_authenticated:
        return client
    return replace(client, account=current_user.id)


def current_client() -> Actor:
    """Return the actor of the current request without its account: API key and address."""
    key = g.get("api_key")
    return Actor(key=key.id if key else None, address=request.remote_addr)
