"""Large galleries of real and synthetic people, written in bulk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from uuid import UUID

import numpy as np
import psycopg
from pgvector import Vector
from sqlalchemy import insert, inspect, select

import ml
from deploy.load.neighbours import made_up_people
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, AnchorEmbedding, Person, PersonKey, now
from webapp.db.transactions import unit_of_work
from webapp.gallery.anchor_store import PersonEmbeddings
from webapp.gallery.base import bump_version, seal_embedding
from webapp.gallery.pgvector.table import anchor_vector
from webapp.gallery.registry import galleries

SEED = 3
PROBES, AT_ONCE = 10_000, 5_000


def split_photos(real: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one photo of two in three people as gallery, and all other photos as probes."""
    first = np.unique(person, return_index=True)[1]
    enrolled = first[np.arange(len(first)) % 3 > 0]
    probes = np.setdiff1d(np.arange(len(real)), enrolled)
    generator = np.random.default_rng(SEED)
    chosen = real[generator.choice(probes, PROBES)]
    shaken = chosen + 0.02 * generator.standard_normal(chosen.shape, np.float32)
    shaken[: len(probes)] = real[probes[: len(shaken)]]
    generator.shuffle(shaken)
    return real[enrolled], shaken / np.linalg.norm(shaken, axis=1, keepdims=True)


def people_blocks(
    enrolled: np.ndarray, anchors: int, seed: int = SEED
) -> Iterator[PersonEmbeddings]:
    """Yield `anchors` people with one anchor each, real ones first; `seed` determines their ids."""
    generator = np.random.default_rng(seed)
    made_up = made_up_people(enrolled, max(anchors - len(enrolled), 0))
    for some in chain([enrolled[:anchors]], made_up):
        ids = generator.bytes(32 * len(some))
        for row, one in enumerate(some):
            own = ids[32 * row : 32 * row + 32]
            yield PersonEmbeddings(UUID(bytes=own[:16]), [UUID(bytes=own[16:])], one[None])


def copy_vectors(url: str, blocks: Iterator[PersonEmbeddings]) -> None:
    """Write vectors as `webapp.services.models.vectors` does, in bulk."""
    model = default_model()
    turn = galleries().rotation(model.model_id, model.embedding_size)
    db.session.rollback()  # copying takes longer than the timeout of an idle transaction
    columns = "embedding_id, anchor_id, person_id, model_id, turned"
    with psycopg.connect(url, autocommit=True) as connection:
        for key in inspect(db.engine).get_foreign_keys(anchor_vector.name):
            connection.execute(f"ALTER TABLE anchor_vector DROP CONSTRAINT {key['name']}")
        with connection.cursor().copy(f"COPY anchor_vector ({columns}) FROM STDIN") as copy:
            for block in blocks:
                (anchor_id,) = block.anchor_ids
                turned = Vector(block.embeddings[0] @ turn).to_text()
                copy.write_row((anchor_id, anchor_id, block.person_id, model.model_id, turned))
        connection.execute("VACUUM ANALYZE anchor_vector")


def enrol_people(blocks: Iterator[PersonEmbeddings]) -> None:
    """Write rows of people as enrolment does, in bulk, with tiny photos."""
    vault, model = key_store().vault, default_model()
    numbers = iter(range(sys.maxsize))
    offset = len(db.session.scalars(select(Person.id).limit(1)).all()) * 10**9
    while some := [block for block, _ in zip(blocks, range(AT_ONCE), strict=False)]:
        people, keys, anchors, embeddings = [], [], [], []
        with unit_of_work() as session:
            version = bump_version(session)
            for block in some:
                own, (anchor_id,) = block.person_id, block.anchor_ids
                wrapped = vault.new_person_key(own)
                vector = block.embeddings[0]
                sealed = seal_embedding(vault.person_seal(wrapped, own), vector, anchor_id)
                number = str(offset + next(numbers))
                people.append(
                    {
                        "id": own,
                        "identifier": number,
                        "identifier_key": number,
                        "name": number,
                        "name_key": number,
                        "consent_version": "1",
                        "consent_at": now(),
                        "gallery_version": version,
                    }
                )
                key = {"wrapped": wrapped, "master_key_id": vault.master_key_id}
                keys.append({"person_id": own, **key})
                anchors.append({"id": anchor_id, "person_id": own, "picture": b"", "quality": {}})
                row = {"anchor_id": anchor_id, "person_id": own, "model_id": model.model_id}
                embeddings.append({"id": anchor_id, **row, "vector": sealed})
            tables = (Person, people), (PersonKey, keys), (Anchor, anchors)
            for table, rows in (*tables, (AnchorEmbedding, embeddings)):
                session.execute(insert(table), rows)


def delete_one() -> None:
    """Delete one person, in no order."""
    with unit_of_work() as session:
        person = session.scalars(select(Person).limit(1)).one()
        bump_version(session, deleted=person.id)
        session.delete(person)


def default_model() -> ml.ModelDescription:
    """Return the description of the model `open`."""
    return next(model for model in ml.describe_models() if model.name == "open")
