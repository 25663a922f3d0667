"""Background jobs: their subject, lease and progress."""

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
    """State of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Model):
    """A background job; at most one of a kind and subject is unfinished.

    Attributes:
        subject: what the job works on; its format depends on the kind.
        done, total: steps finished, and steps in all.
        lease_owner: the process that works on it until `lease_expires_at`, unless it renews.
        attempts: how often a process took it without giving it back.
        reason: why it was requested.
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
        """Whether it is running or waiting."""
        return self.state in {JobState.WAITING, JobState.RUNNING}
