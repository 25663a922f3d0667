"""Anchors in PostgreSQL: the database compares the turned embeddings, by the extension pgvector.

Nothing of people is held in the process. The database looks for the nearest anchors, by all of
them or by an index (HNSW) where they are many; their people are then compared here, exactly.
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

from ml import Anchors
from webapp.db.engine import db
from webapp.db.models import Anchor
from webapp.gallery.base import LoadProgress, PersonAnchors, Rows, draw_people, version_of_database
from webapp.gallery.pgvector.table import anchor_vector

LARGEST_BREADTH = 1000  # that pgvector takes
BREADTH_IS_OF = 100_000


@dataclass(frozen=True)
class VectorTuning:
    """How the database searches.

    Attributes:
        exact_up_to: so many anchors are all compared; more by the index.
        candidates: the people of so many nearest anchors are compared exactly.
        alike: by the rule of the best anchor, so many people more than are asked for.
        breadth: how many of 100,000 anchors a search in the index keeps in view (`ef_search`).
        breadth_growth: by which power of the number of anchors that grows.
        links, building_breadth: of the index (`m`, `ef_construction`).
        recount_below: up to so many anchors they are counted anew with every change.
        recount_seconds: of more the counts are so old at most.
    """

    exact_up_to: int = 25_000
    candidates: int = 100
    extra_candidates: int = 5
    ef_search: int = 400
    breadth_growth: float = 0.4
    m: int = 24
    building_breadth: int = 128
    recount_below: int = 10_000
    recount_seconds: float = 60.0

    def breadth_of(self, anchors: int, most: int) -> int:
        """How many a search of so many anchors keeps in view, where it is to give `most`."""
        wanted = round(self.ef_search * (anchors / BREADTH_IS_OF) ** self.breadth_growth)
        return min(max(wanted, most), LARGEST_BREADTH)


TUNING = VectorTuning()
UNKEPT = -1  # the version of rows that nobody keeps
_TABLE = anchor_vector.c


@dataclass(frozen=True)
class Counted:
    """How many are in the gallery."""

    version: int
    people: int
    anchors: int
    typical_anchors: int
    counted_at: float

    @property
    def anchors_a_person(self) -> int:
        """How many anchors a person has on average, at least 1."""
        return max(1, round(self.anchors / max(self.people, 1)))


class VectorGallery:
    """All anchors of one model."""

    def __init__(self, model_id: str, embedding_size: int, turn: Callable[[], np.ndarray]) -> None:
        self.model_id = model_id
        self._size = embedding_size
        self._turn = turn
        self._lock = Lock()
        self._counted: Counted | None = None
        self._samples: tuple[int, dict[tuple[int | None, int | None], Rows]] = (-1, {})

    @property
    def reading(self) -> LoadProgress | None:
        """Nothing of people is read into the process."""
        return None

    def refresh(self) -> Counted:
        """How many there are; of very many the counts may be a minute old."""
        version, known = version_of_database(), self._counted
        if known is None or (known.version != version and self._is_old(known)):
            known = self._counted = self._count(version)
        return known

    def similarities(self, embedding: np.ndarray, person_id: UUID) -> PersonAnchors | None:
        """A probe, float32 (d,), against the anchors of one person; None if there are none."""
        found = self._people([person_id], embedding)
        return found[0] if found else None

    def nearest(
        self, embedding: np.ndarray, k: int, rule: str, exclude: UUID | None = None
    ) -> tuple[PersonAnchors, ...]:
        """The k people nearest to a probe, float32 (d,), by a matching rule, nearest first.

        Exact by the rule of the best anchor, but for what the index misses; by the others among
        the people of the nearest anchors.
        """
        candidates = max(TUNING.candidates, k)
        while True:
            near = self._near(embedding, candidates, exclude)
            if len(set(near)) >= k or len(near) < candidates:
                break
            candidates *= 4  # few people have many anchors each
        nearest_first = list(dict.fromkeys(near))
        if rule == "best":  # whose nearest anchor is farther has no chance, but for rounding
            nearest_first = nearest_first[: k + TUNING.extra_candidates]
        people = self._people(nearest_first, embedding)
        by_rule = np.array([person.by_rule(rule) for person in people])
        return tuple(people[place] for place in np.argsort(-by_rule, kind="stable")[:k])

    def own(self, person_id: UUID) -> Rows:
        """The anchors of one person; no rows if there are none."""
        return self._rows([person_id], version_of_database())

    def sample(self, most_anchors: int | None = None, most_people: int | None = None) -> Rows:
        """Everybody, or people drawn until these have so many anchors."""
        version, asked = version_of_database(), (most_anchors, most_people)
        with self._lock:
            if self._samples[0] != version:
                self._samples = (version, {})
            kept = self._samples[1]
        if asked not in kept:
            people, counts = self._counts()
            lengths = np.ones(len(counts), np.float32)
            grouped = Anchors(np.cumsum(counts) - counts, int(counts.sum()), lengths)
            drawn = draw_people(grouped, most_anchors=most_anchors, most_people=most_people)
            kept[asked] = self._rows([people[place] for place in drawn], version)
        return kept[asked]

    def _is_old(self, known: Counted) -> bool:
        few = known.anchors <= TUNING.recount_below
        return few or time.monotonic() - known.counted_at > TUNING.recount_seconds

    def _wanted(self) -> ColumnElement[bool]:
        retired = select(Anchor.id).where(Anchor.retired_at.is_not(None))
        # Written out, so that the plan may use the model's own index.
        own = literal(self.model_id, literal_execute=True)
        return (_TABLE.model_id == own) & _TABLE.anchor_id.not_in(retired)

    def _count(self, version: int) -> Counted:
        by_person = (
            select(func.count().label("anchors"))
            .where(self._wanted())
            .group_by(_TABLE.person_id)
            .subquery()
        )
        middle_of = func.percentile_disc(0.5).within_group(by_person.c.anchors)
        people, anchors, typical = db.session.execute(
            select(func.count(), func.coalesce(func.sum(by_person.c.anchors), 0), middle_of)
            .select_from(by_person)
        ).one()  # fmt: skip
        return Counted(version, people, int(anchors), typical or 1, time.monotonic())

    def _counts(self) -> tuple[list[UUID], np.ndarray]:
        rows = db.session.execute(
            select(_TABLE.person_id, func.count())
            .where(self._wanted())
            .group_by(_TABLE.person_id)
            .order_by(_TABLE.person_id)
        ).all()
        return [row[0] for row in rows], np.array([row[1] for row in rows], np.int64)

    def _near(self, embedding: np.ndarray, most: int, exclude: UUID | None) -> Sequence[UUID]:
        """The people of the nearest anchors, nearest first."""
        anchors = self.refresh().anchors
        _tell(by_index=anchors > TUNING.exact_up_to, ef_search=TUNING.breadth_of(anchors, most))
        sized = cast(_TABLE.turned, VECTOR(self._size))  # as in the index
        return (
            db.session.connection()
            .scalars(
                select(_TABLE.person_id)
                .where(self._wanted(), _TABLE.person_id != exclude if exclude else true())
                .order_by(sized.max_inner_product(embedding @ self._turn()))
                .limit(most)
            )
            .all()
        )

    def _people(self, person_ids: list[UUID], embedding: np.ndarray) -> list[PersonAnchors]:
        """Some people against a probe, in their order; those without anchors are left out."""
        rows = self._rows(person_ids, UNKEPT)
        cosines = rows.embeddings @ embedding
        found: dict[UUID, PersonAnchors] = {}
        for number, person_id in enumerate(rows.person_ids):
            own = rows.of_person(number)
            found[person_id] = PersonAnchors(
                person_id=person_id,
                anchor_ids=rows.anchor_ids[own],
                similarities=cosines[own],
                anchors=Anchors.of(rows.embeddings[own], np.zeros(1, np.int64)),
            )
        return [found[person_id] for person_id in person_ids if person_id in found]

    def _rows(self, person_ids: list[UUID], version: int) -> Rows:
        rows = db.session.connection().execute(self._of_people(person_ids)).all()
        people = [row.person_id for row in rows]
        firsts = [at for at in range(len(rows)) if not at or people[at] != people[at - 1]]
        turned = np.array([row.turned for row in rows]).reshape(-1, self._size)
        embeddings = (turned @ self._turn().T).astype(np.float32)
        return Rows(
            version=version,
            person_ids=tuple(people[at] for at in firsts),
            anchor_ids=tuple(row.anchor_id for row in rows),
            embeddings=embeddings,
            anchors=Anchors.of(embeddings, np.array(firsts, np.int64)),
        )

    def _of_people(self, person_ids: list[UUID]) -> Select[Any]:
        return (
            select(_TABLE.person_id, _TABLE.anchor_id, _TABLE.turned)
            .where(self._wanted(), _TABLE.person_id.in_(person_ids))
            .order_by(_TABLE.person_id, _TABLE.embedding_id)
        )


def index_name(model_id: str) -> str:
    """What the index of a model's anchors is called."""
    return "ix_anchor_vector_" + re.sub(r"[^a-z0-9]", "_", model_id.lower())[:40]


def _tell(*, by_index: bool, ef_search: int) -> None:
    """Say in the running transaction how to search."""
    settings = {"enable_indexscan": "on" if by_index else "off"}
    if by_index:
        settings["hnsw.ef_search"] = str(ef_search)
    local = (func.set_config(name, value, True) for name, value in settings.items())
    db.session.execute(select(*local))
