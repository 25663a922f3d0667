"""Vectors in the database, and their index."""

from __future__ import annotations

from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import func, select, text

from webapp.db.engine import db
from webapp.db.transactions import unit_of_work
from webapp.gallery.pgvector import gallery
from webapp.gallery.pgvector.gallery import VectorTuning
from webapp.gallery.pgvector.table import anchor_vector
from webapp.inference.active_model import active_model
from webapp.services.models import vector_index


def vectors_kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(anchor_vector))


def vectors_kept_of(people: list[UUID]) -> int:
    of_them = anchor_vector.c.person_id.in_(people)
    return db.session.scalar(select(func.count()).where(of_them))


def index_from(anchors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the number of anchors from which an index is built."""
    monkeypatch.setattr(gallery, "TUNING", VectorTuning(exact_up_to=anchors))
    monkeypatch.setattr(vector_index, "TUNING", gallery.TUNING)


def index() -> str:
    """Return the name of the active model's index."""
    active_model().refresh()
    return gallery.index_name(active_model().engine.model_id)


def write_vectors_of_nobody(how_many: int) -> None:
    rows = [
        {name: uuid4() for name in ("embedding_id", "anchor_id", "person_id")}
        | {"model_id": active_model().engine.model_id, "turned": turned}
        for turned in np.random.default_rng(1).standard_normal((how_many, 128), np.float32)
    ]
    with unit_of_work() as session:
        session.execute(
            text("SET LOCAL session_replication_role = replica")
        )  # their people are missing
        session.execute(anchor_vector.insert(), rows)


def is_indexed() -> bool:
    """Return whether the database has a valid index."""
    db.session.rollback()
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
    return bool(db.session.scalar(text(valid), {"name": index()}))
