"""The append-only audit log: actor, event, time and address."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.models.columns import Model

EVENT_LENGTH = 40
ADDRESS_LENGTH = 45


class AuditEntry(Model):
    """An event, chained to the previous one by `mac`.

    Attributes:
        number: consecutive from 1, without gaps.
        details: JSON text of ids and numbers, stored exactly as signed.
        account_id: not a foreign key, so that deletions never change an entry.
    """

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(EVENT_LENGTH), index=True)
    account_id: Mapped[UUID | None] = mapped_column(index=True)
    address: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH))
    details: Mapped[str] = mapped_column(Text)
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(Model):
    """The signed number of the newest entry; a single row, which writers lock."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
