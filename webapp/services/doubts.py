"""Doubts about pictures of a person: unlike each other, or like somebody else who is enrolled."""

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
NOBODY = slice(0, 0)


@dataclass(frozen=True)
class Doubt:
    """What is doubtful about a picture; `name` is that of the person it resembles."""

    code: str
    name: str | None = None


Doubts = tuple[Doubt, ...]


def doubts_about(person_id: UUID) -> dict[UUID, Doubts]:
    """Doubts about the anchors of a person, by the anchor's id; those without are left out.

    A picture is unlike the others if it would not match any of them, and like somebody else if
    searching among everybody with it would find that person.
    """
    rows = recognition().gallery.follow()
    own = _rows_of(rows, person_id)
    kept = rows.embeddings[own]
    found = _doubts(kept, kept, rows, own)
    return {rows.anchor_ids[own][number]: doubts for number, doubts in found.items()}


def doubts_before_storing(
    embeddings: np.ndarray, person_id: UUID | None = None
) -> dict[int, Doubts]:
    """Doubts about pictures that are not stored yet, by their place; those without are left out.

    Args:
        embeddings: one a picture, float32 (k, d).
        person_id: whose anchors they would join; None for somebody new.
    """
    rows = recognition().gallery.follow()
    own = _rows_of(rows, person_id)
    together = np.concatenate([embeddings, rows.embeddings[own]])
    return _doubts(embeddings, together, rows, own)


def _rows_of(rows: Rows, person_id: UUID | None) -> slice:
    number = rows.numbers.get(person_id) if person_id else None
    return NOBODY if number is None else rows.of_person(number)


def _doubts(judged: np.ndarray, of_person: np.ndarray, rows: Rows, own: slice) -> dict[int, Doubts]:
    """`of_person` holds all embeddings of the person, those that are judged first."""
    unlike = _unlike(judged @ of_person.T)
    alike = _alike(judged @ rows.embeddings.T, rows, own)
    return {
        number: doubts
        for number in range(len(judged))
        if (doubts := (*unlike.get(number, ()), *alike.get(number, ())))
    }


def _unlike(among: np.ndarray) -> dict[int, Doubts]:
    """`among` holds the cosines of the judged with all of the person, (k, n), k ≤ n."""
    if among.shape[1] < 2:
        return {}
    itself = np.eye(*among.shape, dtype=bool)
    nearest = np.where(itself, -np.inf, among).max(axis=1)
    unlike = np.flatnonzero(nearest < thresholds.in_force().similarity)
    return {int(number): (Doubt(UNLIKE_THE_OTHERS),) for number in unlike}


def _alike(similarities: np.ndarray, rows: Rows, own: slice) -> dict[int, Doubts]:
    """`similarities` holds the cosines of the judged with the whole gallery, (k, n)."""
    if not similarities.size:
        return {}
    threshold = recognition().engine.calibration.identification_threshold(len(rows.anchor_ids))
    with_others = similarities.copy()
    with_others[:, own] = -np.inf
    nearest = with_others.argmax(axis=1)
    found = np.flatnonzero(with_others.max(axis=1) >= threshold)
    return {
        int(number): (Doubt(LIKE_SOMEBODY_ELSE, _name(rows.anchor_ids[nearest[number]])),)
        for number in found
    }


def _name(anchor_id: UUID) -> str | None:
    return db.session.scalar(select(Person.name).where(Person.anchors.any(id=anchor_id)))
