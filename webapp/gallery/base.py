"""Interface of the galleries, which compare probes with the enabled anchors of one model.

Every change of anchors increments the gallery version in the same transaction, and a gallery checks
it before each answer. Do not query the gallery in a transaction that changed anchors: a rollback
would leave the cache ahead of the database.
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

from ml import Anchors, Normalised, person_similarities
from webapp.crypto.vault import PersonSeal, Place
from webapp.db.engine import db
from webapp.db.models import Anchor, AnchorEmbedding, GalleryChange, GalleryVersion

ON_DISK = np.dtype("<f4")
SEED = 20
# A process more than this many versions behind reloads the ids of all people.
CHANGES_KEPT = 10_000
_VERSION = select(GalleryVersion.number)
# Bounds of Retry-After while the gallery loads, in seconds.
MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 2, 60


def embedding_place(embedding_id: UUID) -> Place:
    """Return the place to which an embedding is sealed."""
    return Place("anchor_embedding", embedding_id, "vector")


def seal_embedding(seal: PersonSeal, embedding: np.ndarray, embedding_id: UUID) -> bytes:
    """Encrypt an embedding, float32 (d,), for storage."""
    return seal.seal(embedding.astype(ON_DISK).tobytes(), embedding_place(embedding_id))


def bump_version(session: Session, deleted: UUID | None = None) -> int:
    """Increment the gallery version in the running transaction; return the new one.

    `deleted` is the person that the transaction deletes.
    """
    number: int | None = session.scalar(
        update(GalleryVersion)
        .values(number=GalleryVersion.number + 1)
        .returning(GalleryVersion.number)
    )
    if number is None:
        raise RuntimeError("The gallery version is missing. Run: flask --app wsgi prepare")
    session.execute(insert(GalleryChange).values(number=number, deleted_person_id=deleted))
    session.execute(delete(GalleryChange).where(GalleryChange.number <= number - CHANGES_KEPT))
    return number


def deleted_since(version: int, now: int) -> list[UUID] | None:
    """Return who was deleted between two versions; None if a version in between is not recorded."""
    recorded = db.session.scalars(
        select(GalleryChange.deleted_person_id).where(
            GalleryChange.number > version, GalleryChange.number <= now
        )
    ).all()
    if len(recorded) < now - version:
        return None
    return [person_id for person_id in recorded if person_id]


def lacks_embedding(model_id: str) -> ColumnElement[bool]:
    """Return the condition that an anchor has no embedding by a model."""
    return ~exists().where(
        AnchorEmbedding.anchor_id == Anchor.id, AnchorEmbedding.model_id == model_id
    )


def is_enabled() -> ColumnElement[bool]:
    """Return the condition that the anchor of an embedding is enabled."""
    return AnchorEmbedding.anchor_id.not_in(select(Anchor.id).where(Anchor.retired_at.is_not(None)))


def count_unembedded(model_id: str) -> int:
    """Return the number of enabled anchors without an embedding by a model."""
    anchors = select(func.count()).select_from(Anchor).where(Anchor.retired_at.is_(None))
    return db.session.scalar(anchors.where(lacks_embedding(model_id))) or 0


def stored_typical_anchors() -> int:
    """Return the median number of enabled anchors per person; 1 if the gallery is empty."""
    enabled = select(func.count()).select_from(Anchor).where(Anchor.retired_at.is_(None))
    counts = sorted(db.session.scalars(enabled.group_by(Anchor.person_id)))
    return counts[(len(counts) - 1) // 2] if counts else 1


@dataclass(frozen=True)
class PersonAnchors:
    """A person's anchors compared with a probe: ids, similarities float32 (k,), and grouping."""

    person_id: UUID
    anchor_ids: tuple[UUID, ...]
    similarities: np.ndarray
    anchors: Anchors

    def by_rule(self, rule: str) -> float:
        """Return the person's similarity by a matching rule."""
        return float(person_similarities(self.similarities, self.anchors, rule)[0])


@dataclass(frozen=True, eq=False)
class Rows:
    """People of a gallery at one version: the rows of anchors, grouped by person.

    Compared by identity, so that it can be the key of a cache.
    """

    version: int
    person_ids: tuple[UUID, ...]
    anchor_ids: tuple[UUID, ...]
    normalised: Normalised
    anchors: Anchors

    @property
    def embeddings(self) -> np.ndarray:
        """Embeddings of the anchors, float32 (n, d)."""
        return self.normalised.embeddings

    def of_person(self, number: int) -> slice:
        """Return the rows of the person at an index of `person_ids`."""
        start = int(self.anchors.starts[number])
        return slice(start, start + int(self.anchors.counts[number]))

    def person_of(self, row: int) -> int:
        """Return the index in `person_ids` of the person that a row belongs to."""
        return int(np.searchsorted(self.anchors.starts, row, side="right")) - 1


@dataclass
class LoadProgress:
    """Progress of loading: anchors done, anchors in all, start by `time.monotonic`."""

    done: int
    anchors: int
    since: float

    @property
    def seconds_left(self) -> int:
        """Estimate of the time left, from MIN_RETRY_SECONDS to MAX_RETRY_SECONDS."""
        speed = self.done / max(time.monotonic() - self.since, 1e-3)
        left = (self.anchors - self.done) / speed if speed else MAX_RETRY_SECONDS
        return ceil(min(max(left, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS))


class Summary(Protocol):
    """Size of a gallery."""

    @property
    def people(self) -> int:
        """Number of people."""

    @property
    def anchors(self) -> int:
        """Number of anchors."""

    @property
    def anchors_a_person(self) -> int:
        """Mean number of anchors per person, rounded, at least 1."""

    @property
    def typical_anchors(self) -> int:
        """Median number of anchors per person; 1 in an empty gallery."""


class Gallery(Protocol):
    """All enabled anchors of one model, at least as new as the running transaction.

    While another thread loads a large gallery for the first time, methods raise `GalleryLoading`.
    """

    @property
    def load_progress(self) -> LoadProgress | None:
        """Progress of the first load; None if it is not running."""

    def refresh(self) -> Summary:
        """Update the cache to the version of the database; return the size of the gallery."""

    def similarities(self, probe: np.ndarray, person_id: UUID) -> PersonAnchors | None:
        """Compare a probe with the anchors of a person; None if they have none.

        The probe is one embedding, float32 (d,), or those of several frames, (f, d): then each
        similarity is the mean over the frames.
        """

    def nearest(
        self, probe: np.ndarray, k: int, rule: str, exclude: UUID | None = None
    ) -> tuple[PersonAnchors, ...]:
        """Return the k people most similar to a probe, as in `similarities`, most similar first.

        `exclude` is a person to skip.
        """

    def anchors_of(self, person_id: UUID) -> Rows:
        """Return the anchors of a person; no rows if they have none."""

    def sample(self, max_anchors: int | None = None, max_people: int | None = None) -> Rows:
        """Return all people, or a random sample within the bounds.

        It is the same object for as long as the gallery does not change.
        """


def mean_similarities(anchors: Normalised, frames: Normalised) -> np.ndarray:
    """Return the similarity of each anchor with a probe, float32 (n,): the mean over its frames."""
    similarities = anchors.similarities(frames)
    if len(frames) == 1:
        return similarities[:, 0]
    mean: np.ndarray = similarities.mean(axis=1)
    return mean


def draw_people(
    anchors: Anchors, *, max_anchors: int | None, max_people: int | None = None
) -> list[int]:
    """Return the indices of all people, or of a random sample within the bounds, ascending."""
    order = np.random.default_rng(SEED).permutation(len(anchors.starts))[:max_people]
    bound = anchors.rows if max_anchors is None else max_anchors
    fitting = np.cumsum(anchors.counts[order]) <= bound
    return sorted(order[fitting].tolist())


def version_of_database() -> int:
    """Return the gallery version of the running transaction."""
    return db.session.connection().scalar(_VERSION) or 0
