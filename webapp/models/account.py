"""Accounts of those who run the app, and the one-time link to the first of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.columns import CreatedAt, Id, Model

USERNAME_LENGTH = 64


class Role(StrEnum):
    """What an account may do; an administrator may do everything."""

    ADMIN = "admin"
    OPERATOR = "operator"


class Account(Model):
    """Somebody who can sign in.

    `username_key` is the name as it is compared. `session_number` stands in every session of the
    account; raising it signs the account out everywhere.
    """

    __tablename__ = "account"

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(USERNAME_LENGTH))
    username_key: Mapped[str] = mapped_column(String, unique=True)
    password_hash: Mapped[str] = mapped_column(String(256))
    role: Mapped[Role] = mapped_column(String(16))
    session_number: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What a session remembers of the account."""
        return f"{self.id.hex}:{self.session_number}"

    @property
    def is_admin(self) -> bool:
        """Whether the account may do everything."""
        return self.role == Role.ADMIN


class SetupToken(Model):
    """The digest of the newest set-up link; there is at most one row, and none after set-up."""

    __tablename__ = "setup_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime]
