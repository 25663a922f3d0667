"""Doubts about a person's anchors: unlike each other, or like somebody else who is enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import select

from webapp.extensions import db
from webapp.gallery import Rows
from webapp.models import Person
from webapp.recognition import recognition
from webapp.services import thresholds

UNLIKE_THE_OTHERS = "unlike_the_others"
LIKE_SOMEBODY_ELSE = "like_somebody_else"


@dataclass(frozen=True)
class Doubt:
    """What is doubtful about an anchor; `name` is that of the person it resembles."""

    anchor_id: UUID
    code: str
    name: str | None = None


def doubts_about(person_id: UUID) -> tuple[Doubt, ...]:
    """Doubts about the anchors of a person.

    An anchor is unlike the others if it would not match any of them, and like somebody else if
    searching among everybody with it would find that person.
    """
    rows = recognition().gallery.follow()
    number = rows.numbers.get(person_id)
    if number is None:
        return ()
    own = rows.of_person(number)
    similarities = rows.embeddings[own] @ rows.embeddings.T
    return _unlike(rows.anchor_ids[own], similarities[:, own]) + _alike(rows, own, similarities)


def _unlike(anchor_ids: tuple[UUID, ...], among: np.ndarray) -> tuple[Doubt, ...]:
    """`among` holds the cosines of a person's anchors, (k, k)."""
    if len(anchor_ids) < 2:
        return ()
    nearest = np.where(np.eye(len(anchor_ids), dtype=bool), -np.inf, among).max(axis=1)
    unlike = nearest < thresholds.in_force().similarity
    return tuple(Doubt(anchor_ids[k], UNLIKE_THE_OTHERS) for k in np.flatnonzero(unlike))


def _alike(rows: Rows, own: slice, similarities: np.ndarray) -> tuple[Doubt, ...]:
    """`similarities` holds the cosines of the person's anchors with all, (k, n)."""
    threshold = recognition().engine.calibration.identification_threshold(len(rows.anchor_ids))
    with_others = similarities.copy()
    with_others[:, own] = -np.inf
    nearest = with_others.argmax(axis=1)
    found = with_others.max(axis=1) >= threshold
    return tuple(
        Doubt(rows.anchor_ids[own][k], LIKE_SOMEBODY_ELSE, _name(rows.anchor_ids[nearest[k]]))
        for k in np.flatnonzero(found)
    )


def _name(anchor_id: UUID) -> str | None:
    return db.session.scalar(select(Person.name).where(Person.anchors.any(id=anchor_id)))
