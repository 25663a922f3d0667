"""Background work: what is to be done, who is at it, how far it is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.models.changes import REASON_LENGTH
from webapp.db.models.columns import CreatedAt, Id, Model

ERROR_LENGTH = 500
UNFINISHED = text("state IN ('waiting', 'running')")


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Model):
    """One piece of background work; of a kind and subject at most one is unfinished.

    `subject` says what it is about, in its kind's words; `done` of `total` steps are behind it. Who
    holds the lease works on it until `lease_expires_at`, or longer by renewing it. `attempts`
    counts how often somebody took it without giving it back. `reason` is why it was asked for.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_unfinished",
            "kind",
            "subject",
            unique=True,
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        Index(None, "kind", "created_at"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    state: Mapped[JobState] = mapped_column(String(16), default=JobState.WAITING, index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(ERROR_LENGTH))
    lease_owner: Mapped[str | None] = mapped_column(String(128))
    lease_expires_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL")
    )
    finished_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH))

    @property
    def is_unfinished(self) -> bool:
        """Whether somebody is at it, or will be."""
        return self.state in {JobState.WAITING, JobState.RUNNING}
