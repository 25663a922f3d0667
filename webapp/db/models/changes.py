"""Change histories of the settings that decide a match; the newest row of a table is current.

A similarity has a meaning only with its model, normaliser and matching rule, so a threshold is
stored with all three. Settings that hold for every model are stored as points of score or as a
rate. These are a person's offset from the common threshold, and the policy of identification.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from webapp.db.models.account import Account
from webapp.db.models.columns import CreatedAt, Id, Model

REASON_LENGTH = 500


class AuditedChange:
    """Columns of a change: number, actor, time and reason.

    `number` counts the changes of a table from 1. It orders them; times may be equal.
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
        """The account, None once it is deleted."""
        return relationship(Account)


class ThresholdChange(AuditedChange, Model):
    """A change of a model's common threshold: rule and similarity, new and previous.

    Attributes:
        normaliser: digest of the score normaliser by which `similarity` is meant; empty for the
            plain cosine. `previous_similarity` is by the same one, except in a change that was
            carried over.
        carried_over: whether the change kept the FMR of the threshold for another normaliser.
    """

    __tablename__ = "threshold_change"
    __table_args__ = (Index(None, "model_id", "number"),)

    model_id: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(32))
    similarity: Mapped[float]
    previous_rule: Mapped[str] = mapped_column(String(32))
    previous_similarity: Mapped[float]
    normaliser: Mapped[str] = mapped_column(String(16), server_default="")
    carried_over: Mapped[bool] = mapped_column(default=False, server_default=false())


class PersonThresholdChange(AuditedChange, Model):
    """A change of a person's offset from the common threshold, in points of score."""

    __tablename__ = "person_threshold_change"
    __table_args__ = (Index(None, "person_id", "number"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    points: Mapped[float]
    previous_points: Mapped[float]


class IdentificationChange(AuditedChange, Model):
    """A change of the identification policy.

    Attributes:
        fpir: share of identifications of strangers that may return a person, 0 to 1.
        margin: points of score by which the nearest person must lead the second nearest.
    """

    __tablename__ = "search_change"

    fpir: Mapped[float]
    margin: Mapped[float]
    previous_fpir: Mapped[float]
    previous_margin: Mapped[float]


class ModelChange(Model):
    """A change of the active model; `number` counts the changes from 1.

    `reason` is None for changes of releases that stored no reason.
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
