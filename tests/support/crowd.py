"""A large installation: many people with anchors and attempts, inserted in bulk."""

from __future__ import annotations

import os
from datetime import timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import insert

import ml
from webapp.crypto.vault import PersonSeal
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, AnchorEmbedding, Attempt, Kind, Person, PersonKey, Refusal, now
from webapp.db.transactions import unit_of_work
from webapp.gallery.base import bump_version, seal_embedding
from webapp.inference.active_model import active_model

PICTURE_BYTES = 6_000
DAYS = 90
SEED = 5


def enrol_crowd(people: int) -> list[UUID]:
    """Enrol people with one to three anchors each; their photos are noise."""
    generator = np.random.default_rng(SEED)
    engine, vault = active_model().engine, key_store().vault
    ids = [UUID(bytes=generator.bytes(16)) for _ in range(people)]
    wrapped = {person_id: vault.new_person_key(person_id) for person_id in ids}
    seals = {person_id: vault.person_seal(key, person_id) for person_id, key in wrapped.items()}
    picture, quality = os.urandom(PICTURE_BYTES), {"reasons": [], "face_px": 200.0}
    with unit_of_work() as session:
        version = bump_version(session)
        session.execute(
            insert(Person),
            [_person(number, person_id, version) for number, person_id in enumerate(ids)],
        )
        session.execute(
            insert(PersonKey),
            [
                {
                    "person_id": person_id,
                    "wrapped": key,
                    "master_key_id": vault.master_key_id,
                }
                for person_id, key in wrapped.items()
            ],
        )
        anchors = [
            {
                "id": UUID(bytes=generator.bytes(16)),
                "person_id": person_id,
                "picture": picture,
                "quality": quality,
                "created_at": now(),
            }
            for number, person_id in enumerate(ids)
            for _ in range(1 + number % 3)
        ]
        session.execute(insert(Anchor), anchors)
        session.execute(
            insert(AnchorEmbedding),
            [
                _embedding(anchor, engine, seals[anchor["person_id"]], generator)
                for anchor in anchors
            ],
        )
    return ids


def add_attempts(people: list[UUID], attempts: int) -> None:
    """Insert attempts of the last days: 80 % match, 10 % are identifications."""
    generator = np.random.default_rng(SEED)
    model_id, started = active_model().engine.model_id, now()
    chosen = generator.integers(0, len(people), attempts)
    similarity = generator.normal(0.95, 0.01, attempts)
    with unit_of_work() as session:
        session.execute(
            insert(Attempt),
            [
                {
                    "id": UUID(bytes=generator.bytes(16)),
                    "created_at": started - timedelta(days=DAYS * number / attempts),
                    "kind": Kind.IDENTIFY if number % 10 == 0 else Kind.VERIFY,
                    "match": bool(number % 5),
                    "person_id": people[chosen[number]],
                    "model_id": model_id,
                    "rule": "best",
                    "threshold": 0.93,
                    "similarity": float(similarity[number]),
                    "anchors_compared": 2,
                    "milliseconds": 150.0 + number % 100,
                    "reasons": [],
                }
                for number in range(attempts)
            ],
        )
        session.execute(
            insert(Refusal),
            [
                {
                    "id": UUID(bytes=generator.bytes(16)),
                    "created_at": started - timedelta(days=DAYS * number / (attempts // 20)),
                    "kind": Kind.VERIFY,
                    "code": ("no_face", "too_dark", "too_blurred")[number % 3],
                }
                for number in range(attempts // 20)
            ],
        )


def _person(number: int, person_id: UUID, version: int) -> dict[str, object]:
    identifier, name = f"id-{number:05}", f"Name {number * 7919 % 100_003:06}"
    return {
        "id": person_id,
        "identifier": identifier,
        "identifier_key": identifier,
        "name": name,
        "name_key": name.casefold(),
        "consent_version": "1",
        "consent_at": now(),
        "gallery_version": version,
        "created_at": now() - timedelta(minutes=number),
    }


def _embedding(
    anchor: dict[str, object],
    engine: ml.Engine,
    seal: PersonSeal,
    generator: np.random.Generator,
) -> dict[str, object]:
    embedding_id = UUID(bytes=generator.bytes(16))
    vector = generator.normal(size=engine.embedding_size)
    return {
        "id": embedding_id,
        "anchor_id": anchor["id"],
        "person_id": anchor["person_id"],
        "model_id": engine.model_id,
        "vector": seal_embedding(seal, vector / np.linalg.norm(vector), embedding_id),
    }
