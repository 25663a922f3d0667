"""Change of model: embed every stored picture by the new model, then activate it.

The old model stays active until then. The work can stop after any batch and resume in any process.
What is left are the pictures without an embedding by the new model, new enrolments included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ml import FaceError
from webapp.crypto.vault import PersonSeal
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, AnchorEmbedding, Person, PersonKey
from webapp.db.transactions import unit_of_work
from webapp.errors.models import PicturesNotEmbedded, PicturesUnusable
from webapp.gallery.base import bump_version, lacks_embedding, seal_embedding
from webapp.inference.active_model import ModelRef, active_model
from webapp.jobs.queue import Lease
from webapp.services.enrolment.store import picture_place
from webapp.services.models import vectors
from webapp.services.models.selection import activate, find_artifact
from webapp.services.models.vector_index import index_vectors

if TYPE_CHECKING:
    from ml import Engine

# Pictures per transaction: one second of work, so an interruption loses little.
BATCH = 8


@dataclass(frozen=True)
class _Embedded:
    """A picture's new embedding, float32 (d,), and the seal of its person."""

    anchor_id: UUID
    person_id: UUID
    seal: PersonSeal
    embedding: np.ndarray


def change_model(lease: Lease) -> None:
    """Embed what lacks an embedding by the job's model, then activate the model.

    Raises:
        ml.ArtifactError: if the model cannot be used; the message includes the remedy.
        PicturesUnusable: if it finds no face in an enabled picture; the others are embedded.
    """
    artifact = find_artifact(lease.subject)
    engine = active_model().preload(ModelRef(lease.subject, artifact.model_id))
    unusable: set[UUID] = set()
    while True:
        _embed_missing(engine, lease, unusable)
        index_vectors(lease)
        try:
            activate(engine.model_id, engine.name, lease.actor, lease.reason)
        except PicturesNotEmbedded as error:
            if not _missing(engine.model_id, unusable, 1):
                raise PicturesUnusable from error
        else:
            return


def _embed_missing(engine: Engine, lease: Lease, unusable: set[UUID]) -> None:
    """Embed every picture that lacks an embedding; add those without a face to `unusable`."""
    while anchor_ids := _missing(engine.model_id, unusable, BATCH):
        embedded = _embedded(engine, anchor_ids)
        unusable.update(set(anchor_ids) - {one.anchor_id for one in embedded})
        with unit_of_work() as session:
            _store(session, engine.model_id, embedded)
            total = session.scalar(select(func.count()).select_from(Anchor)) or 0
            left = session.scalar(
                select(func.count()).select_from(Anchor).where(lacks_embedding(engine.model_id))
            )
            lease.advance(session, total - (left or 0), total)


def _missing(model_id: str, exclude: set[UUID], most: int) -> Sequence[UUID]:
    """Return at most `most` anchors without an embedding by a model."""
    anchors = select(Anchor.id).where(lacks_embedding(model_id), Anchor.id.not_in(exclude))
    return db.session.scalars(anchors.order_by(Anchor.id).limit(most)).all()


def _embedded(engine: Engine, anchor_ids: Sequence[UUID]) -> list[_Embedded]:
    """Return the embeddings of the pictures in which the engine finds a face."""
    found = db.session.execute(
        select(Anchor.id, Anchor.picture, Anchor.person_id, PersonKey.wrapped)
        .join(PersonKey, PersonKey.person_id == Anchor.person_id)
        .where(Anchor.id.in_(anchor_ids))
    ).all()
    db.session.rollback()
    embedded = []
    for anchor_id, picture, person_id, wrapped in found:
        seal = key_store().vault.person_seal(wrapped, person_id)
        opened = seal.open(picture, picture_place(anchor_id))
        try:
            face = engine.analyse(opened, purpose="embed again")
        except FaceError:
            continue
        embedded.append(_Embedded(anchor_id, person_id, seal, face.embedding))
    return embedded


def _store(session: Session, model_id: str, embedded: Sequence[_Embedded]) -> None:
    """Add the embeddings of anchors that still exist and still lack one."""
    waiting = set(
        session.scalars(
            select(Anchor.id).where(
                Anchor.id.in_([one.anchor_id for one in embedded]), lacks_embedding(model_id)
            )
        )
    )
    stored = [one for one in embedded if one.anchor_id in waiting]
    version, people = bump_version(session), {one.person_id for one in stored}
    session.execute(update(Person).where(Person.id.in_(people)).values(gallery_version=version))
    for one in stored:
        embedding_id = uuid4()
        row = AnchorEmbedding(
            id=embedding_id,
            anchor_id=one.anchor_id,
            person_id=one.person_id,
            model_id=model_id,
            vector=seal_embedding(one.seal, one.embedding, embedding_id),
        )
        session.add(row)
        session.flush()
        vectors.write(session, row, one.embedding)
