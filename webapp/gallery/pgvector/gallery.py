"""Gallery in PostgreSQL: the extension pgvector compares the rotated embeddings.

The process holds no embeddings. The database finds the nearest anchors, by an exact scan or, in a
large gallery, by an HNSW index. It orders them by cosine. The people of these anchors are then
compared here, by their normalised similarities.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

import numpy as np
from pgvector.sqlalchemy import VECTOR
from sqlalchemy import ColumnElement, Select, cast, func, literal, select, true

from ml import Anchors, Normaliser
from webapp.db.engine import db
from webapp.db.models import Anchor
from webapp.gallery.base import (
    LoadProgress,
    PersonAnchors,
    Rows,
    draw_people,
    mean_similarities,
    version_of_database,
)
from webapp.gallery.pgvector.table import anchor_vector

MAX_EF_SEARCH = 1000  # the limit of pgvector
EF_SEARCH_ANCHORS = 100_000


@dataclass(frozen=True)
class VectorTuning:
    """Parameters of the search in the database.

    Attributes:
        exact_up_to: largest number of anchors for an exact scan; more use the index.
        candidates: number of nearest anchors by cosine whose people are compared exactly.
        ef_search: HNSW `ef_search` for EF_SEARCH_ANCHORS anchors.
        ef_search_growth: exponent of the number of anchors by which `ef_search` grows.
        m, ef_construction: HNSW parameters of the index.
        recount_below: number of anchors up to which every change recounts the gallery.
        recount_seconds: maximum age of the counts of a larger gallery.
    """

    exact_up_to: int = 25_000
    candidates: int = 100
    ef_search: int = 400
    ef_search_growth: float = 0.4
    m: int = 24
    ef_construction: int = 128
    recount_below: int = 10_000
    recount_seconds: float = 60.0

    def ef_search_for(self, anchors: int, limit: int) -> int:
        """Return `ef_search` for a search that returns `limit` of `anchors` rows."""
        growth: float = (anchors / EF_SEARCH_ANCHORS) ** self.ef_search_growth
        return min(max(round(self.ef_search * growth), limit), MAX_EF_SEARCH)


TUNING = VectorTuning()
NO_VERSION = -1  # of rows that are not cached
_TABLE = anchor_vector.c


@dataclass(frozen=True)
class GalleryCounts:
    """Size of the gallery at one version; `counted_at` by `time.monotonic`."""

    version: int
    people: int
    anchors: int
    typical_anchors: int
    counted_at: float

    @property
    def anchors_a_person(self) -> int:
        """Mean number of anchors per person, rounded, at least 1."""
        return max(1, round(self.anchors / max(self.people, 1)))


class VectorGallery:
    """All enabled anchors of one model."""

    def __init__(
        self,
        model_id: str,
        embedding_size: int,
        normaliser: Normaliser,
        rotation: Callable[[], np.ndarray],
    ) -> None:
        self.model_id = model_id
        self._size = embedding_size
        self._normaliser = normaliser
        self._rotation = rotation
        self._lock = Lock()
        self._counts: GalleryCounts | None = None
        self._samples: tuple[int, dict[tuple[int | None, int | None], Rows]] = (-1, {})

    @property
    def load_progress(self) -> LoadProgress | None:
        """Always None: nothing is loaded into the process."""
        return None

    def refresh(self) -> GalleryCounts:
        """Return the size; in a large gallery it is up to `recount_seconds` old."""
        version, counts = version_of_database(), self._counts
        if counts is None or (counts.version != version and self._is_outdated(counts)):
            counts = self._counts = self._count(version)
        return counts

    def similarities(self, probe: np.ndarray, person_id: UUID) -> PersonAnchors | None:
        """Compare a probe with the anchors of a person; None if they have none."""
        found = self._compare([person_id], np.atleast_2d(probe))
        return found[0] if found else None

    def nearest(
        self, probe: np.ndarray, k: int, rule: str, exclude: UUID | None = None
    ) -> tuple[PersonAnchors, ...]:
        """Return the k people most similar to a probe, most similar first.

        The result is the best of the people of the nearest anchors by cosine.
        """
        frames = np.atleast_2d(probe)
        candidates = max(TUNING.candidates, k)
        while True:
            nearest = self._people_of_nearest_anchors(frames.mean(axis=0), candidates, exclude)
            if len(set(nearest)) >= k or len(nearest) < candidates:
                break
            candidates *= 4  # few people with many anchors each
        people = self._compare(list(dict.fromkeys(nearest)), frames)
        by_rule = np.array([person.by_rule(rule) for person in people])
        return tuple(people[place] for place in np.argsort(-by_rule, kind="stable")[:k])

    def anchors_of(self, person_id: UUID) -> Rows:
        """Return the anchors of a person; no rows if they have none."""
        return self._rows([person_id], version_of_database())

    def sample(self, max_anchors: int | None = None, max_people: int | None = None) -> Rows:
        """Return all people, or a random sample within the bounds."""
        version, bounds = version_of_database(), (max_anchors, max_people)
        with self._lock:
            if self._samples[0] != version:
                self._samples = (version, {})
            samples = self._samples[1]
        if bounds not in samples:
            people, counts = self._count_by_person()
            grouped = Anchors(np.cumsum(counts) - counts, int(counts.sum()))
            drawn = draw_people(grouped, max_anchors=max_anchors, max_people=max_people)
            samples[bounds] = self._rows([people[place] for place in drawn], version)
        return samples[bounds]

    def _is_outdated(self, counts: GalleryCounts) -> bool:
        is_small = counts.anchors <= TUNING.recount_below
        return is_small or time.monotonic() - counts.counted_at > TUNING.recount_seconds

    def _is_included(self) -> ColumnElement[bool]:
        disabled = select(Anchor.id).where(Anchor.retired_at.is_not(None))
        # A literal instead of a parameter, so that the plan can use the partial index of the model.
        model_id = literal(self.model_id, literal_execute=True)
        return (_TABLE.model_id == model_id) & _TABLE.anchor_id.not_in(disabled)

    def _count(self, version: int) -> GalleryCounts:
        by_person = (
            select(func.count().label("anchors"))
            .where(self._is_included())
            .group_by(_TABLE.person_id)
            .subquery()
        )
        median = func.percentile_disc(0.5).within_group(by_person.c.anchors)
        people, anchors, typical = db.session.execute(
            select(func.count(), func.coalesce(func.sum(by_person.c.anchors), 0), median)
            .select_from(by_person)
        ).one()  # fmt: skip
        return GalleryCounts(version, people, int(anchors), typical or 1, time.monotonic())

    def _count_by_person(self) -> tuple[list[UUID], np.ndarray]:
        rows = db.session.execute(
            select(_TABLE.person_id, func.count())
            .where(self._is_included())
            .group_by(_TABLE.person_id)
            .order_by(_TABLE.person_id)
        ).all()
        return [row[0] for row in rows], np.array([row[1] for row in rows], np.int64)

    def _people_of_nearest_anchors(
        self, embedding: np.ndarray, limit: int, exclude: UUID | None
    ) -> Sequence[UUID]:
        """Return the person of each of the nearest anchors, nearest first."""
        anchors = self.refresh().anchors
        _set_search_options(
            by_index=anchors > TUNING.exact_up_to, ef_search=TUNING.ef_search_for(anchors, limit)
        )
        sized = cast(_TABLE.turned, VECTOR(self._size))  # the expression of the index
        return (
            db.session.connection()
            .scalars(
                select(_TABLE.person_id)
                .where(self._is_included(), _TABLE.person_id != exclude if exclude else true())
                .order_by(sized.max_inner_product(embedding @ self._rotation()))
                .limit(limit)
            )
            .all()
        )

    def _compare(self, person_ids: list[UUID], frames: np.ndarray) -> list[PersonAnchors]:
        """Compare people with a probe, in their order; people without anchors are omitted."""
        rows = self._rows(person_ids, NO_VERSION)
        similarities = mean_similarities(rows.normalised, self._normaliser(frames))
        found: dict[UUID, PersonAnchors] = {}
        for number, person_id in enumerate(rows.person_ids):
            own = rows.of_person(number)
            found[person_id] = PersonAnchors(
                person_id=person_id,
                anchor_ids=rows.anchor_ids[own],
                similarities=similarities[own],
                anchors=Anchors(np.zeros(1, np.int64), own.stop - own.start),
            )
        return [found[person_id] for person_id in person_ids if person_id in found]

    def _rows(self, person_ids: list[UUID], version: int) -> Rows:
        rows = db.session.connection().execute(self._select_people(person_ids)).all()
        people = [row.person_id for row in rows]
        firsts = [at for at in range(len(rows)) if not at or people[at] != people[at - 1]]
        turned = np.array([row.turned for row in rows]).reshape(-1, self._size)
        embeddings = (turned @ self._rotation().T).astype(np.float32)
        return Rows(
            version=version,
            person_ids=tuple(people[at] for at in firsts),
            anchor_ids=tuple(row.anchor_id for row in rows),
            normalised=self._normaliser(embeddings),
            anchors=Anchors(np.array(firsts, np.int64), len(rows)),
        )

    def _select_people(self, person_ids: list[UUID]) -> Select[Any]:
        return (
            select(_TABLE.person_id, _TABLE.anchor_id, _TABLE.turned)
            .where(self._is_included(), _TABLE.person_id.in_(person_ids))
            .order_by(_TABLE.person_id, _TABLE.embedding_id)
        )


def index_name(model_id: str) -> str:
    """Return the name of the HNSW index of a model."""
    return "ix_anchor_vector_" + re.sub(r"[^a-z0-9]", "_", model_id.lower())[:40]


def _set_search_options(*, by_index: bool, ef_search: int) -> None:
    """Set PostgreSQL's search parameters for the running transaction."""
    settings = {"enable_indexscan": "on" if by_index else "off"}
    if by_index:
        settings["hnsw.ef_search"] = str(ef_search)
    local = (func.set_config(name, value, True) for name, value in settings.items())
    db.session.execute(select(*local))
