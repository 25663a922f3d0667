"""Which model serves: every choice of one; the newest counts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.account import Account
from webapp.models.columns import CreatedAt, Id, Model


class ModelChange(Model):
    """Who let which model serve, and when; `number` counts the changes from 1."""

    __tablename__ = "model_change"

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(64))
    model_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL")
    )

    created_by: Mapped[Account | None] = relationship()
