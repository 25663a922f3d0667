"""Accounts of the staff, their sessions, and the one-time link to the first account."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.core.clock import now
from webapp.db.models.audit import ADDRESS_LENGTH
from webapp.db.models.columns import CreatedAt, Id, Model

USERNAME_LENGTH = 64
BROWSER_LENGTH = 64


class Role(StrEnum):
    """Permissions of an account; each role includes those after it."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Account(Model):
    """A person who can sign in.

    Attributes:
        username_key: the comparison key of the username.
        totp: the sealed secret of the second factor, None without one.
        totp_step: the last time step whose code was used.
        failed_tries: wrong passwords and codes since the last sign-in.
    """

    __tablename__ = "account"

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(USERNAME_LENGTH))
    username_key: Mapped[str] = mapped_column(String, unique=True)
    password_hash: Mapped[str] = mapped_column(String(256))
    role: Mapped[Role] = mapped_column(String(16))
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(default=0)
    failed_tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[CreatedAt]

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def is_admin(self) -> bool:
        """Whether the account has every permission."""
        return self.role == Role.ADMIN

    @property
    def is_operator(self) -> bool:
        """Whether the account may enrol people and see their photos."""
        return self.role in {Role.ADMIN, Role.OPERATOR}


class AccountSession(Model):
    """A signed-in browser; deleting the row signs it out.

    Attributes:
        digest: keyed digest of the token in the cookie. None for a session of an earlier release,
            which no cookie of this release opens.
        browser, address: shown to the owner of the account.
    """

    __tablename__ = "account_session"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True, index=True)
    browser: Mapped[str | None] = mapped_column(String(BROWSER_LENGTH))
    address: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH))
    created_at: Mapped[CreatedAt]

    account: Mapped[Account] = relationship()


class PendingSignIn(Model):
    """A sign-in with the right password that still waits for its code.

    `digest` is the keyed digest of the token in the cookie. Ending the account's sessions ends it
    too.
    """

    __tablename__ = "pending_sign_in"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, index=True)
    expires_at: Mapped[datetime]

    account: Mapped[Account] = relationship()


class KnownBrowser(Model):
    """A browser that an account signed in from before; its failures are counted separately.

    `digest` is the keyed digest of the browser's device cookie, which several accounts may share.
    """

    __tablename__ = "known_browser"
    __table_args__ = (UniqueConstraint("account_id", "digest"),)

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    last_used_at: Mapped[datetime] = mapped_column(default=now)


class RecoveryCode(Model):
    """The digest of a code that replaces the second factor once."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class SetupToken(Model):
    """The digest of the newest set-up link; at most one row, none after set-up."""

    __tablename__ = "setup_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime]
