"""Warnings about pictures: a covered face, unlike the others, or similar to another person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from sqlalchemy import select

from ml import COVERED, Quality
from webapp.db.engine import db
from webapp.db.models import Person
from webapp.gallery.base import PersonAnchors
from webapp.inference.active_model import active_model
from webapp.services.thresholds import identification, verification
from webapp.services.thresholds.verification import Threshold

UNLIKE_THE_OTHERS = "unlike_the_others"
LIKE_SOMEBODY_ELSE = "like_somebody_else"
NEARER_TO_SOMEBODY_ELSE = "nearer_to_somebody_else"


@dataclass(frozen=True)
class EnrolmentWarning:
    """A warning about a picture; `name` and `like` are name and id of the person it resembles."""

    code: str
    name: str | None = None
    like: UUID | None = field(default=None, compare=False)

    @property
    def in_ids(self) -> dict[str, object]:
        """What the audit log records of an accepted warning."""
        return {"code": self.code} | ({"like": self.like} if self.like else {})


Doubts = tuple[EnrolmentWarning, ...]


def doubts_about(person_id: UUID, anchor_ids: Collection[UUID] | None = None) -> dict[UUID, Doubts]:
    """Return the warnings about a person's anchors, by anchor id; anchors without are left out.

    With `anchor_ids`, only these are judged: each costs a search of the whole gallery.

    A picture is unlike the others if it would match none of them. It is like somebody else if an
    identification with it would find that person. It is nearer to somebody else if one of their
    pictures is more similar than every other picture of its own person.
    """
    own = active_model().gallery.anchors_of(person_id)
    selected = [
        number
        for number, anchor_id in enumerate(own.anchor_ids)
        if anchor_ids is None or anchor_id in anchor_ids
    ]
    judged = own.embeddings[selected]
    together = np.concatenate([judged, np.delete(own.embeddings, selected, axis=0)])
    found = _doubts(judged, together, person_id)
    return {own.anchor_ids[selected[place]]: doubts for place, doubts in found.items()}


def doubts_before_storing(
    embeddings: np.ndarray, person_id: UUID | None = None
) -> dict[int, Doubts]:
    """Return the warnings about pictures before they are stored, by position.

    Pictures without warnings are left out.

    Args:
        embeddings: float32 (k, d), one row a picture.
        person_id: the person they would be added to; None for a new one.
    """
    together = embeddings
    if person_id:
        kept = active_model().gallery.anchors_of(person_id).embeddings
        together = np.concatenate([embeddings, kept])
    return _doubts(embeddings, together, person_id)


def covered_parts(quality: Quality) -> Doubts:
    """Return a warning for each way in which a face is covered or hardly seen."""
    return tuple(EnrolmentWarning(part) for part in COVERED if part in quality.reasons)


def _doubts(judged: np.ndarray, of_person: np.ndarray, person_id: UUID | None) -> dict[int, Doubts]:
    """Return the warnings; `of_person` holds all of the person, the judged ones first."""
    if not len(judged):
        return {}
    normalised = active_model().engine.calibration.normaliser(of_person)
    own_nearest = _nearest_of_own(normalised[: len(judged)].similarities(normalised))
    unlike = own_nearest < verification.in_force().similarity
    others = _Others.of(judged, person_id)
    found: dict[int, Doubts] = {}
    for number in range(len(judged)):
        doubts: Doubts = (EnrolmentWarning(UNLIKE_THE_OTHERS),) if unlike[number] else ()
        doubts += others.doubts_about(number, float(own_nearest[number]))
        if doubts:
            found[number] = doubts
    return found


def _nearest_of_own(among: np.ndarray) -> np.ndarray:
    """Return the highest similarity with the person's others, (k,); infinite without others.

    `among` holds the similarities of the k judged pictures with all n of the person, (k, n), k ≤ n.
    """
    if among.shape[1] < 2:
        return np.full(len(among), np.inf)
    return np.where(np.eye(*among.shape) > 0, -np.inf, among).max(axis=1)


@dataclass(frozen=True)
class _Others:
    """The nearest other person of each judged picture.

    Attributes:
        nearest: person with the nearest anchor; empty if nobody else is enrolled.
        found: the person nearest by the rule of `threshold`.
        threshold: threshold of an identification.
    """

    nearest: tuple[PersonAnchors, ...]
    found: tuple[PersonAnchors, ...]
    threshold: Threshold

    @classmethod
    def of(cls, judged: np.ndarray, person_id: UUID | None) -> _Others:
        """Find the others nearest to `judged`, embeddings (k, d) of the person."""
        gallery = active_model().gallery
        threshold = identification.threshold(gallery.refresh())

        def by(rule: str) -> list[tuple[PersonAnchors, ...]]:
            return [gallery.nearest(probe, 1, rule, exclude=person_id) for probe in judged]

        nearest = by("best")
        found = nearest if threshold.rule == "best" else by(threshold.rule)
        if not all((*nearest, *found)):  # the last of them may be deleted meanwhile
            return cls((), (), threshold)
        return cls(tuple(one for (one,) in nearest), tuple(one for (one,) in found), threshold)

    def doubts_about(self, number: int, own_nearest: float) -> Doubts:
        """Return the warning that a picture is similar, or at least nearer, to another person."""
        if not self.nearest:
            return ()
        found, nearest = self.found[number], self.nearest[number]
        if found.by_rule(self.threshold.rule) >= self.threshold.similarity:
            return (_doubt_of(LIKE_SOMEBODY_ELSE, found.person_id),)
        if nearest.by_rule("best") > own_nearest:
            return (_doubt_of(NEARER_TO_SOMEBODY_ELSE, nearest.person_id),)
        return ()


def _doubt_of(code: str, person_id: UUID) -> EnrolmentWarning:
    name = db.session.scalar(select(Person.name).where(Person.id == person_id))
    return EnrolmentWarning(code, name, person_id)
