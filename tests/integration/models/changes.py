"""Helpers of the tests of a change of the model."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select

from tests.support.small_model import TINY
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, Job
from webapp.inference.active_model import active_model
from webapp.jobs import queue
from webapp.services.models import selection
from webapp.services.models.selection import CHANGE_MODEL
from webapp.startup.job_handlers import JOB_HANDLERS

CHANGES = {CHANGE_MODEL: JOB_HANDLERS[CHANGE_MODEL]}
USE = ["models", "use", "--reason", "tried", "--accept-licence", "--confirm"]
USE_TINY = [*USE, TINY]
TYPED = {"reason": "tried", "licence": "y", "confirmation": "dangerous"}


def ask_for_tiny() -> UUID:
    """Queue the change to a dangerous, research-only model."""
    return selection.start_change(TINY, "tried", SERVER, licence_accepted=True, confirmed=True)


def change_to_tiny(listener: queue.Listener = lambda *_: None) -> Job:
    """Run the change here, and return its job."""
    queue.run_one(CHANGES, ask_for_tiny(), listener)
    active_model().refresh()
    return queue.newest(CHANGE_MODEL, TINY)


def embedded_by(model_id: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(AnchorEmbedding.model_id == model_id))
