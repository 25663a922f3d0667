"""What every gallery does: answer who is how similar, by the anchors of one model in use.

A number in the database rises with every change of anchors, in the same transaction; a gallery
compares it before it answers. Ask only in a transaction that has not itself changed anchors, lest
what a gallery keeps hold what is rolled back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import Protocol
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from ml import Anchors, person_similarities
from webapp.crypto.vault import PersonSeal, Place
from webapp.db.engine import db
from webapp.db.models import Anchor, AnchorEmbedding, GalleryChange, GalleryVersion

ON_DISK = np.dtype("<f4")
SEED = 20
# A process that is so many changes behind reads anew who is left.
CHANGES_KEPT = 10_000
_VERSION = select(GalleryVersion.number)
# Whoever comes while everybody is read is asked to come again after so many seconds.
LEAST_WAIT, LONGEST_WAIT = 2, 60


def embedding_place(embedding_id: UUID) -> Place:
    """Where an anchor's embedding is sealed."""
    return Place("anchor_embedding", embedding_id, "vector")


def seal_embedding(seal: PersonSeal, embedding: np.ndarray, embedding_id: UUID) -> bytes:
    """An embedding, float32 (d,), as it is stored."""
    return seal.seal(embedding.astype(ON_DISK).tobytes(), embedding_place(embedding_id))


def bump_version(session: Session, deleted: UUID | None = None) -> int:
    """Note in the running transaction that anchors change; returns the gallery's new number.

    `deleted` is the person who is deleted by it.
    """
    number = session.scalar(
        update(GalleryVersion)
        .values(number=GalleryVersion.number + 1)
        .returning(GalleryVersion.number)
    )
    if number is None:
        raise RuntimeError("the gallery's version is missing; run: flask --app wsgi prepare")
    session.execute(insert(GalleryChange).values(number=number, deleted_person_id=deleted))
    session.execute(delete(GalleryChange).where(GalleryChange.number <= number - CHANGES_KEPT))
    return number


def deleted_since(version: int, now: int) -> list[UUID] | None:
    """Who was deleted between two of the gallery's versions; None where that is not all noted."""
    noted = db.session.scalars(
        select(GalleryChange.deleted_person_id).where(
            GalleryChange.number > version, GalleryChange.number <= now
        )
    ).all()
    if len(noted) < now - version:
        return None
    return [person_id for person_id in noted if person_id]


def lacks_embedding(model_id: str) -> ColumnElement[bool]:
    """The condition that an anchor has no embedding by a model."""
    return ~exists().where(
        AnchorEmbedding.anchor_id == Anchor.id, AnchorEmbedding.model_id == model_id
    )


def in_use() -> ColumnElement[bool]:
    """The condition that an embedding's anchor is not retired."""
    return AnchorEmbedding.anchor_id.not_in(select(Anchor.id).where(Anchor.retired_at.is_not(None)))


def count_unembedded(model_id: str) -> int:
    """How many anchors in use have no embedding by a model."""
    anchors = select(func.count()).select_from(Anchor).where(Anchor.retired_at.is_(None))
    return db.session.scalar(anchors.where(lacks_embedding(model_id))) or 0


def stored_typical_anchors() -> int:
    """Return the median number of anchors of a person, of any model; 1 where there is nobody."""
    in_use = select(func.count()).select_from(Anchor).where(Anchor.retired_at.is_(None))
    counts = sorted(db.session.scalars(in_use.group_by(Anchor.person_id)))
    return counts[(len(counts) - 1) // 2] if counts else 1


@dataclass(frozen=True)
class PersonAnchors:
    """One person's anchors against a probe: ids, cosines float32 (k,), and their grouping."""

    person_id: UUID
    anchor_ids: tuple[UUID, ...]
    similarities: np.ndarray
    anchors: Anchors

    def by_rule(self, rule: str) -> float:
        """The person's similarity by a matching rule."""
        return float(person_similarities(self.similarities, self.anchors, rule)[0])


@dataclass(frozen=True, eq=False)
class Rows:
    """People of a gallery at one version: embeddings (n, d) float32, rows grouped by person.

    Equal to itself alone, so that what was worked out for one can be kept beside it.
    """

    version: int
    person_ids: tuple[UUID, ...]
    anchor_ids: tuple[UUID, ...]
    embeddings: np.ndarray
    anchors: Anchors

    def of_person(self, number: int) -> slice:
        """The rows of the person at a place in `person_ids`."""
        start = int(self.anchors.starts[number])
        return slice(start, start + int(self.anchors.counts[number]))

    def person_of(self, row: int) -> int:
        """The place in `person_ids` of the person whose row it is."""
        return int(np.searchsorted(self.anchors.starts, row, side="right")) - 1


@dataclass
class LoadProgress:
    """How many of the anchors are read already, since when by `time.monotonic`."""

    done: int
    anchors: int
    since: float

    @property
    def seconds_left(self) -> int:
        """How long it still takes, at the speed so far; some seconds in any case."""
        speed = self.done / max(time.monotonic() - self.since, 1e-3)
        left = (self.anchors - self.done) / speed if speed else LONGEST_WAIT
        return ceil(min(max(left, LEAST_WAIT), LONGEST_WAIT))


class Summary(Protocol):
    """How many are in a gallery."""

    @property
    def people(self) -> int:
        """How many people."""

    @property
    def anchors(self) -> int:
        """How many anchors."""

    @property
    def anchors_a_person(self) -> int:
        """How many anchors a person has on average, at least 1."""

    @property
    def typical_anchors(self) -> int:
        """How many anchors a person has at the middle; 1 where there is nobody."""


class Gallery(Protocol):
    """All anchors of one model. What it answers with is as new as the running transaction.

    While another thread reads very many people for the first time, all raise `GalleryWarming`.
    """

    @property
    def reading(self) -> LoadProgress | None:
        """How far reading everybody is; None where that is not under way."""

    def refresh(self) -> Summary:
        """Bring what is cached up to the database's version, and say how many there are."""

    def similarities(self, embedding: np.ndarray, person_id: UUID) -> PersonAnchors | None:
        """A probe, float32 (d,), against the anchors of one person; None if there are none."""

    def nearest(
        self, embedding: np.ndarray, k: int, rule: str, exclude: UUID | None = None
    ) -> tuple[PersonAnchors, ...]:
        """The k people nearest to a probe, float32 (d,), by a matching rule, nearest first.

        `exclude` is left out.
        """

    def own(self, person_id: UUID) -> Rows:
        """The anchors of one person; no rows if there are none."""

    def sample(self, most_anchors: int | None = None, most_people: int | None = None) -> Rows:
        """Everybody, or people drawn until these have so many anchors.

        It is the same object for as long as the gallery is the same.
        """


def draw_people(
    anchors: Anchors, *, most_anchors: int | None, most_people: int | None = None
) -> list[int]:
    """The places of everybody, or of people drawn until these have so many anchors."""
    order = np.random.default_rng(SEED).permutation(len(anchors.starts))[:most_people]
    most = anchors.rows if most_anchors is None else most_anchors
    fitting = np.cumsum(anchors.counts[order]) <= most
    return sorted(order[fitting].tolist())


def version_of_database() -> int:
    """The number that rises with every change of anchors."""
    return db.session.connection().scalar(_VERSION) or 0
