"""Purge expired sessions, challenges, idempotency records and unused embeddings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, delete, func, select

from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, ModelChange, Refusal, now
from webapp.db.secure_delete import truncate_log
from webapp.db.transactions import unit_of_work
from webapp.gallery.base import count_unembedded
from webapp.inference.active_model import active_model
from webapp.services import audit, idempotency, page_results
from webapp.services.accounts import sessions
from webapp.services.attempts.daily_statistics import PERIODS_DAYS
from webapp.services.liveness import unfinished
from webapp.services.matching import lockout
from webapp.services.models.selection import models_in_use
from webapp.services.people import self_service
from webapp.settings import current_settings


def purge_expired() -> None:
    """Delete expired sessions, links, challenges, idempotency records, results and refusals.

    Also destroys the embeddings of models that are out of use.

    Raises:
        ml.ArtifactError: if the configured model is unknown: no embedding counts as out of use.
    """
    sessions.end_old()
    unfinished.end_unfinished(SERVER)
    idempotency.forget_old()
    page_results.forget_over()
    with unit_of_work() as session:
        too_old = now() - timedelta(days=max(PERIODS_DAYS))
        session.execute(delete(Refusal).where(Refusal.created_at < too_old))
        lockout.forget_old(session, too_old)
        self_service.forget_ended(session)
    forget_embeddings()


def forget_embeddings() -> int:
    """Destroy the embeddings of models out of use, and return their number.

    They are kept for `way_back_days` after a change of model, and while the active model lacks any.
    """
    with unit_of_work() as session:
        if _changed_since(_way_back()) or count_unembedded(active_model().model_id):
            return 0
        out_of_use = AnchorEmbedding.model_id.not_in(models_in_use())
        result = cast(
            CursorResult[object], session.execute(delete(AnchorEmbedding).where(out_of_use))
        )
        if result.rowcount:
            audit.record(session, "embeddings_deleted", SERVER, embeddings=result.rowcount)
    if result.rowcount:
        truncate_log()
    return result.rowcount


def _way_back() -> datetime:
    return now() - timedelta(days=current_settings().way_back_days)


def _changed_since(moment: datetime) -> bool:
    newest = db.session.scalar(select(func.max(ModelChange.created_at)))
    return newest is not None and newest > moment
