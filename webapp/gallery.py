"""Anchors in memory: the embeddings of one model, decrypted, as one matrix; no retired anchors.

A cache of the database. A number there rises with every change of anchors, in the same
transaction; the gallery compares it before it answers and reloads the people that changed. Ask only
in a transaction that has not itself changed anchors, lest the cache hold what is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from ml import Anchors, person_similarities
from webapp.extensions import db
from webapp.models import Anchor, AnchorEmbedding, GalleryVersion, Person, PersonKey
from webapp.vault import PersonSeal, Place, Vault

ON_DISK = np.dtype("<f4")


def embedding_place(embedding_id: UUID) -> Place:
    """Where an anchor's embedding is sealed."""
    return Place("anchor_embedding", embedding_id, "vector")


def seal_embedding(seal: PersonSeal, embedding: np.ndarray, embedding_id: UUID) -> bytes:
    """An embedding, float32 (d,), as it is stored."""
    return seal.seal(embedding.astype(ON_DISK).tobytes(), embedding_place(embedding_id))


def raise_version(session: Session) -> int:
    """Note in the running transaction that anchors change; returns the gallery's new number."""
    number = session.scalar(
        update(GalleryVersion)
        .values(number=GalleryVersion.number + 1)
        .returning(GalleryVersion.number)
    )
    if number is None:
        raise RuntimeError("the gallery's version is missing; run: flask --app wsgi prepare")
    return number


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
    """The gallery at one version: embeddings (n, d) float32, rows grouped by person.

    Equal to itself alone, so that what was worked out for one can be kept beside it.
    """

    version: int
    person_ids: tuple[UUID, ...]
    anchor_ids: tuple[UUID, ...]
    embeddings: np.ndarray
    anchors: Anchors

    @cached_property
    def numbers(self) -> dict[UUID, int]:
        """The place of each person in `person_ids`."""
        return {person_id: number for number, person_id in enumerate(self.person_ids)}

    @cached_property
    def middle(self) -> np.ndarray:
        """The mean of the embeddings, float32 (d,); zeros for an empty gallery."""
        return self.embeddings.sum(axis=0) / max(len(self.embeddings), 1)

    @property
    def anchors_a_person(self) -> int:
        """How many anchors a person has on average, at least 1."""
        return max(1, round(len(self.anchor_ids) / max(len(self.person_ids), 1)))

    def of_person(self, number: int) -> slice:
        """The rows of the person at a place in `person_ids`."""
        start = int(self.anchors.starts[number])
        return slice(start, start + int(self.anchors.counts[number]))

    def of_people(self, numbers: Sequence[int]) -> tuple[np.ndarray, Anchors]:
        """The embeddings of some people, at least one, by their places, and their grouping."""
        blocks = [self.embeddings[self.of_person(number)] for number in numbers]
        starts = np.cumsum([0, *(len(block) for block in blocks[:-1])])
        embeddings = np.concatenate(blocks)
        return embeddings, Anchors.of(embeddings, starts)


@dataclass(frozen=True)
class _Block:
    """One person's rows."""

    anchor_ids: tuple[UUID, ...]
    embeddings: np.ndarray


class Gallery:
    """All anchors of one model. What it answers with is as new as the running transaction."""

    def __init__(self, model_id: str, embedding_size: int, vault: Callable[[], Vault]) -> None:
        self.model_id = model_id
        self._vault = vault
        self._lock = Lock()
        self._rows = _assembled(-1, {}, embedding_size)

    def follow(self) -> Rows:
        """Bring the cache up to the database's version and return it."""
        version = db.session.scalar(select(GalleryVersion.number)) or 0
        with self._lock:
            if version != self._rows.version:
                self._rows = self._reloaded(version)
            return self._rows

    def similarities(self, embedding: np.ndarray, person_id: UUID) -> PersonAnchors | None:
        """A probe, float32 (d,), against the anchors of one person; None if there are none."""
        rows = self.follow()
        number = rows.numbers.get(person_id)
        if number is None:
            return None
        block = rows.embeddings[rows.of_person(number)]
        return _person_anchors(rows, number, block @ embedding)

    def nearest(self, embedding: np.ndarray, k: int, rule: str) -> tuple[PersonAnchors, ...]:
        """The k people nearest to a probe, float32 (d,), by a matching rule, nearest first."""
        rows = self.follow()
        similarities = rows.embeddings @ embedding
        by_person = person_similarities(similarities, rows.anchors, rule)
        return tuple(
            _person_anchors(rows, number, similarities[rows.of_person(number)])
            for number in np.argsort(-by_person, kind="stable")[:k].tolist()
        )

    def _reloaded(self, version: int) -> Rows:
        present = set(
            db.session.scalars(
                select(AnchorEmbedding.person_id)
                .where(AnchorEmbedding.model_id == self.model_id, in_use())
                .distinct()
            )
        )
        changed = self._load_changed_since(self._rows.version)
        kept = {
            person_id: self._block(number)
            for person_id, number in self._rows.numbers.items()
            if person_id in present and person_id not in changed
        }
        return _assembled(version, kept | changed, self._rows.embeddings.shape[1])

    def _block(self, number: int) -> _Block:
        rows = self._rows.of_person(number)
        return _Block(self._rows.anchor_ids[rows], self._rows.embeddings[rows])

    def _load_changed_since(self, version: int) -> dict[UUID, _Block]:
        found = db.session.execute(
            select(Person.id, PersonKey.wrapped, AnchorEmbedding)
            .join(PersonKey, PersonKey.person_id == Person.id)
            .join(AnchorEmbedding, AnchorEmbedding.person_id == Person.id)
            .where(
                AnchorEmbedding.model_id == self.model_id,
                Person.gallery_version > version,
                in_use(),
            )
            .order_by(Person.id, AnchorEmbedding.id)
        )
        vectors: dict[UUID, dict[UUID, np.ndarray]] = {}
        for person_id, wrapped, row in found:
            seal = self._vault().person_seal(wrapped, person_id)
            opened = np.frombuffer(seal.open(row.vector, embedding_place(row.id)), ON_DISK)
            vectors.setdefault(person_id, {})[row.anchor_id] = opened
        return {
            person_id: _Block(tuple(of_person), np.stack(list(of_person.values())))
            for person_id, of_person in vectors.items()
        }


def _assembled(version: int, blocks: dict[UUID, _Block], embedding_size: int) -> Rows:
    counts = [len(block.anchor_ids) for block in blocks.values()]
    starts = np.cumsum([0, *counts[:-1]]) if counts else np.empty(0, np.int64)
    parts = [block.embeddings for block in blocks.values()]
    embeddings = (
        np.concatenate(parts, dtype=np.float32)
        if parts
        else np.empty((0, embedding_size), np.float32)
    )
    return Rows(
        version=version,
        person_ids=tuple(blocks),
        anchor_ids=tuple(anchor for block in blocks.values() for anchor in block.anchor_ids),
        embeddings=embeddings,
        anchors=Anchors.of(embeddings, starts),
    )


def _person_anchors(rows: Rows, number: int, similarities: np.ndarray) -> PersonAnchors:
    own = rows.of_person(number)
    return PersonAnchors(
        person_id=rows.person_ids[number],
        anchor_ids=rows.anchor_ids[own],
        similarities=similarities,
        anchors=Anchors.of(rows.embeddings[own], np.zeros(1, np.int64)),
    )
