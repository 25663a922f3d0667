"""Every change of what decides a match; the newest of its kind counts.

Similarities belong to a model and a matching rule, so a threshold is kept with both. What is the
same for every model is kept as points of score, or as a rate: a person's distance to everybody's
threshold, and how a search decides.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from webapp.db.models.account import Account
from webapp.db.models.columns import CreatedAt, Id, Model

REASON_LENGTH = 500


class AuditedChange:
    """Who changed something, when and why.

    `number` counts the changes of a kind from 1: clocks may stand still, this does not.
    """

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL")
    )

    @declared_attr
    def created_by(cls) -> Mapped[Account | None]:  # noqa: N805
        """The account, while there is one."""
        return relationship(Account)


class ThresholdChange(AuditedChange, Model):
    """Which similarity, by which rule, is everybody's threshold under a model, and which was."""

    __tablename__ = "threshold_change"
    __table_args__ = (Index(None, "model_id", "number"),)

    model_id: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(32))
    similarity: Mapped[float]
    previous_rule: Mapped[str] = mapped_column(String(32))
    previous_similarity: Mapped[float]


class PersonThresholdChange(AuditedChange, Model):
    """By how many points of score one person's threshold lies above everybody's, and lay."""

    __tablename__ = "person_threshold_change"
    __table_args__ = (Index(None, "person_id", "number"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    points: Mapped[float]
    previous_points: Mapped[float]


class IdentificationChange(AuditedChange, Model):
    """How a search among everybody decides, and did.

    `fpir` is the share of strangers who may be taken for somebody, `margin` the points of score by
    which the nearest person must lead the next.
    """

    __tablename__ = "search_change"

    fpir: Mapped[float]
    margin: Mapped[float]
    previous_fpir: Mapped[float]
    previous_margin: Mapped[float]


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
