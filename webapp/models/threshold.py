"""Every change of the threshold; the newest for the model in force counts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.account import Account
from webapp.models.columns import CreatedAt, Id, Model

REASON_LENGTH = 500


class ThresholdChange(Model):
    """Who set which similarity as threshold, when, from what, and why.

    `number` counts the changes of all models from 1: clocks may stand still, this does not.
    """

    __tablename__ = "threshold_change"
    __table_args__ = (Index(None, "model_id", "number"),)

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    model_id: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(32))
    similarity: Mapped[float]
    previous_similarity: Mapped[float]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL")
    )

    created_by: Mapped[Account | None] = relationship()
