"""Which model serves: every choice of one; the newest counts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.models.account import Account
from webapp.db.models.columns import CreatedAt, Id, Model
from webapp.db.models.threshold import REASON_LENGTH


class ModelChange(Model):
    """Who chose which model, when and why; `number` counts the changes from 1.

    `reason` is None for changes made before reasons were kept.
    """

    __tablename__ = "model_change"

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(64))
    model_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL")
    )
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH))

    created_by: Mapped[Account | None] = relationship()
