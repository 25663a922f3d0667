"""Export everything stored about a person as a zip: data as JSON, pictures as JPEG."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import select

from webapp.core.actor import Actor
from webapp.crypto.vault import PersonSeal
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import (
    Anchor,
    AnchorEmbedding,
    Attempt,
    ChallengeResult,
    Person,
    PersonThresholdChange,
)
from webapp.gallery.base import ON_DISK, embedding_place
from webapp.services import audit
from webapp.services.enrolment.store import picture_place
from webapp.services.people.people import find_person
from webapp.services.people.self_service import link_of

INDENT = 2
# Columns left out of the export: they hold references or facts about other people. `runner_up` is
# the score of somebody else.
NOT_OF_THEM = {
    "id",
    "person_id",
    "account_id",
    "created_by_id",
    "api_key_id",
    "attempt_id",
    "claim_digest",
    "number",
    "runner_up",
}


@dataclass(frozen=True)
class Export:
    """A zip and its file name, which does not identify the person."""

    name: str
    data: bytes


def export_person(person_id: UUID, actor: Actor) -> Export:
    """Return everything stored about a person, and audit the export.

    Raises:
        UnknownPerson: if there is no such person.
    """
    person = find_person(person_id)
    seal = key_store().vault.person_seal(person.key.wrapped, person_id)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for anchor in person.anchors:
            picture = seal.open(anchor.picture, picture_place(anchor.id))
            archive.writestr(_picture_name(anchor), picture)
        text = json.dumps(_data(person, seal), indent=INDENT, ensure_ascii=False, default=str)
        archive.writestr("person.json", text)
    audit.record_read("person_exported", actor, person=person_id)
    return Export(f"{person_id}.zip", packed.getvalue())


def _data(person: Person, seal: PersonSeal) -> dict[str, object]:
    return {
        "identifier": person.identifier,
        "name": person.name,
        "enrolled_at": person.created_at,
        "consent": {
            "at": person.consent_at,
            "version": person.consent_version,
            "terms": person.consent_terms,
        },
        "pictures": [
            {
                "file": _picture_name(anchor),
                "added_at": anchor.created_at,
                "retired_at": anchor.retired_at,
                "quality": anchor.quality,
                "embeddings": _embeddings(anchor, seal),
            }
            for anchor in person.anchors
        ],
        "own_link": _link(person.id),
        "attempts": _rows(Attempt, person.id),
        "challenges": _rows(ChallengeResult, person.id),
        "thresholds": _rows(PersonThresholdChange, person.id),
    }


def _link(person_id: UUID) -> dict[str, object] | None:
    link = link_of(person_id)
    return {"made_at": link.created_at, "ends_at": link.ends_at} if link else None


def _embeddings(anchor: Anchor, seal: PersonSeal) -> dict[str, list[float]]:
    of_anchor = select(AnchorEmbedding).where(AnchorEmbedding.anchor_id == anchor.id)
    return {
        row.model_id: np.frombuffer(
            seal.open(row.vector, embedding_place(row.id)), ON_DISK
        ).tolist()
        for row in db.session.scalars(of_anchor)
    }


def _rows(
    table: type[Attempt | ChallengeResult | PersonThresholdChange], person_id: UUID
) -> list[dict[str, object]]:
    of_person = select(table).where(table.person_id == person_id).order_by(table.created_at)
    exported = [column.name for column in table.__table__.columns if column.name not in NOT_OF_THEM]
    return [
        {name: getattr(row, name) for name in exported} for row in db.session.scalars(of_person)
    ]


def _picture_name(anchor: Anchor) -> str:
    return f"pictures/{anchor.id}.jpg"
