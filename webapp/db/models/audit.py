"""The audit log: who did what, when and from where; rows are only ever added."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.models.columns import Model

EVENT_LENGTH = 40
ADDRESS_LENGTH = 45


class AuditEntry(Model):
    """One event, chained to the one before by `mac`.

    `number` counts without gaps from 1. `details` is JSON text of ids and numbers, kept as it was
    signed. `account_id` points to no row, so that nothing that is deleted changes an entry.
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
    """The number of the newest entry, signed; one row. Writers lock it."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
