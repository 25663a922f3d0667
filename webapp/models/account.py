"""Accounts of those who run the app, their sessions, and the one-time link to the first account."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.columns import CreatedAt, Id, Model

USERNAME_LENGTH = 64


class Role(StrEnum):
    """What an account may do; each role may do what those after it may."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Account(Model):
    """Somebody who can sign in.

    `username_key` is the name as it is compared. `totp` is the sealed secret of the second factor,
    None without one; `totp_step` is the last time step whose code was used.
    """

    __tablename__ = "account"

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(USERNAME_LENGTH))
    username_key: Mapped[str] = mapped_column(String, unique=True)
    password_hash: Mapped[str] = mapped_column(String(256))
    role: Mapped[Role] = mapped_column(String(16))
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[CreatedAt]

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def is_admin(self) -> bool:
        """Whether the account may do everything."""
        return self.role == Role.ADMIN

    @property
    def is_operator(self) -> bool:
        """Whether the account may enrol people and see their pictures."""
        return self.role in {Role.ADMIN, Role.OPERATOR}


class AccountSession(Model):
    """One browser in which an account is signed in; without the row it no longer is."""

    __tablename__ = "account_session"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[CreatedAt]

    account: Mapped[Account] = relationship()


class RecoveryCode(Model):
    """The digest of a code that stands in once for the second factor."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class SetupToken(Model):
    """The digest of the newest set-up link; there is at most one row, and none after set-up."""

    __tablename__ = "setup_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime]
