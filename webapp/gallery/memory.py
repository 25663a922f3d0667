"""Anchors in memory: the embeddings of one model, decrypted; a cache of the database.

When the database's number rose, the people that changed since are read again, and only they.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, groupby
from operator import itemgetter
from threading import Lock
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, func, select, true

from ml import Anchors
from webapp.crypto.vault import Vault
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, Person, PersonKey
from webapp.errors.matching import GalleryWarming
from webapp.gallery.anchor_store import AnchorStore, IndexSnapshot, PersonEmbeddings
from webapp.gallery.base import (
    LEAST_WAIT,
    ON_DISK,
    LoadProgress,
    PersonAnchors,
    Rows,
    deleted_since,
    draw_people,
    embedding_place,
    in_use,
    version_of_database,
)
from webapp.gallery.columns import ID_BYTES, uuids

ROWS_AT_ONCE = 5_000
PEOPLE_AT_ONCE = 500
# Reading so many anchors for the first time is waited for; of more, so many seconds at most.
WAITED_FOR, PATIENCE = 20_000, 2.0
TOLD_EVERY = 100_000
log = logging.getLogger("webapp.gallery.base")


class MemoryGallery:
    """All anchors of one model."""

    def __init__(self, model_id: str, embedding_size: int, vault: Callable[[], Vault]) -> None:
        self.model_id = model_id
        self._vault = vault
        self._lock = Lock()
        self._size = embedding_size
        self._store = AnchorStore(embedding_size)
        self._samples: tuple[int, dict[tuple[int | None, int | None], Rows]] = (-1, {})
        self._reading: LoadProgress | None = None

    @property
    def reading(self) -> LoadProgress | None:
        """How far reading everybody is; None where that is not under way."""
        return self._reading

    def refresh(self) -> IndexSnapshot:
        """Bring the cache up to the database's version, or a newer one, and return it.

        Raises:
            GalleryWarming: while another thread reads everybody, which takes long.
        """
        version = version_of_database()
        with self._turn():
            if version > self._store.snapshot.version:
                self._catch_up(version)
            return self._store.snapshot

    @contextmanager
    def _turn(self) -> Iterator[None]:
        reading = self._reading
        if reading and reading.anchors > WAITED_FOR:
            raise GalleryWarming(reading.seconds_left)
        if not self._lock.acquire(timeout=PATIENCE if self._store.snapshot.version < 0 else -1):
            raise GalleryWarming(LEAST_WAIT)
        try:
            yield
        finally:
            self._lock.release()

    def similarities(self, embedding: np.ndarray, person_id: UUID) -> PersonAnchors | None:
        """A probe, float32 (d,), against the anchors of one person; None if there are none.

        It does not wait for everybody to be read.
        """
        try:
            snapshot = self.refresh()
        except GalleryWarming:
            return self._similarities_from_database(embedding, person_id)
        place = snapshot.place_of(person_id)
        if place is None:
            return None
        return _person_anchors(snapshot, place, snapshot.similarities_at(embedding, place))

    def _similarities_from_database(
        self, embedding: np.ndarray, person_id: UUID
    ) -> PersonAnchors | None:
        for block in self._blocks(AnchorEmbedding.person_id == person_id):
            return PersonAnchors(
                person_id=person_id,
                anchor_ids=tuple(block.anchor_ids),
                similarities=block.embeddings @ embedding,
                anchors=Anchors.of(block.embeddings, np.zeros(1, np.int64)),
            )
        return None

    def nearest(
        self, embedding: np.ndarray, k: int, rule: str, exclude: UUID | None = None
    ) -> tuple[PersonAnchors, ...]:
        """The k people nearest to a probe, float32 (d,), by a matching rule, nearest first."""
        snapshot = self.refresh()
        left_out = snapshot.place_of(exclude) if exclude else None
        return tuple(
            _person_anchors(snapshot, place, similarities)
            for place, similarities in snapshot.nearest(embedding, k, rule, left_out)
        )

    def own(self, person_id: UUID) -> Rows:
        """The anchors of one person; no rows if there are none.

        It does not wait for everybody to be read.
        """
        try:
            snapshot = self.refresh()
        except GalleryWarming:
            return self._own_from_database(person_id)
        place = snapshot.place_of(person_id)
        return _rows(snapshot, np.array([] if place is None else [place], np.int64))

    def _own_from_database(self, person_id: UUID) -> Rows:
        there = list(self._blocks(AnchorEmbedding.person_id == person_id))
        embeddings = there[0].embeddings if there else np.empty((0, self._size), np.float32)
        return Rows(
            version=self._store.snapshot.version,
            person_ids=tuple(block.person_id for block in there),
            anchor_ids=tuple(there[0].anchor_ids) if there else (),
            embeddings=embeddings,
            anchors=Anchors.of(embeddings, np.zeros(len(there), np.int64)),
        )

    def sample(self, most_anchors: int | None = None, most_people: int | None = None) -> Rows:
        """Everybody, or people drawn until these have so many anchors."""
        snapshot = self.refresh()
        with self._lock:
            if self._samples[0] != snapshot.version:
                self._samples = (snapshot.version, {})
            kept = self._samples[1]
        asked = (most_anchors, most_people)
        if asked not in kept:
            alive = np.flatnonzero(snapshot.alive)
            order = np.argsort(_sortable(snapshot.person_ids[alive]), kind="stable")
            alive = alive[order]  # the same people are drawn however they came here
            drawn = draw_people(
                snapshot.grouping_of(alive), most_anchors=most_anchors, most_people=most_people
            )
            kept[asked] = _rows(snapshot, alive[drawn])
        return kept[asked]

    def _catch_up(self, version: int) -> None:
        since = self._store.snapshot.version
        try:
            if since < 0:
                self._read_all(version)
            else:
                self._read_changes(since, version)
        except BaseException:
            self._store = AnchorStore(self._size)  # what was read in part is read anew
            raise
        finally:
            self._reading = None

    def _read_all(self, version: int) -> None:
        there = db.session.scalar(select(func.count()).where(self._wanted())) or 0
        self._reading = reading = LoadProgress(0, there, time.monotonic())
        blocks = self._told(self._blocks(true()), reading)
        self._store.change(version, blocks, (), expected=there)

    def _told(
        self, blocks: Iterator[PersonEmbeddings], reading: LoadProgress
    ) -> Iterator[PersonEmbeddings]:
        """The same, and note meanwhile how far it is."""
        for block in blocks:
            yield block
            reading.done += len(block.anchor_ids)
            if reading.done % TOLD_EVERY == 0:
                log.info("%s of %s anchors read", reading.done, reading.anchors)

    def _read_changes(self, since: int, version: int) -> None:
        changed = db.session.scalars(select(Person.id).where(Person.gallery_version > since)).all()
        deleted = deleted_since(since, version)
        again = chain.from_iterable(
            self._blocks(AnchorEmbedding.person_id.in_(changed[at : at + PEOPLE_AT_ONCE]))
            for at in range(0, len(changed), PEOPLE_AT_ONCE)
        )
        snapshot = self._store.change(version, again, [*changed, *(deleted or ())])
        if deleted is None:
            self._store.change(version, (), self._gone(snapshot))

    def _gone(self, snapshot: IndexSnapshot) -> list[UUID]:
        """Who is in the index but no longer in the database."""
        there = set(
            db.session.scalars(select(AnchorEmbedding.person_id).where(self._wanted()).distinct())
        )
        return [one for one in uuids(snapshot.person_ids[snapshot.alive]) if one not in there]

    def _blocks(self, whom: ColumnElement[bool]) -> Iterator[PersonEmbeddings]:
        found = db.session.connection().execute(  # a third less than as objects of the session
            select(
                AnchorEmbedding.person_id,
                PersonKey.wrapped,
                AnchorEmbedding.id,
                AnchorEmbedding.anchor_id,
                AnchorEmbedding.vector,
            )
            .join(PersonKey, PersonKey.person_id == AnchorEmbedding.person_id)
            .where(self._wanted(), whom)
            .order_by(AnchorEmbedding.person_id)
            .execution_options(yield_per=ROWS_AT_ONCE)
        )
        vault = self._vault()
        for wrapped, rows in groupby(found, key=itemgetter(1)):  # everybody has a key of their own
            own = sorted(rows, key=itemgetter(2))
            person_id = own[0][0]
            seal = vault.person_seal(wrapped, person_id)
            vectors = [seal.open(row[4], embedding_place(row[2])) for row in own]
            embeddings = np.frombuffer(b"".join(vectors), ON_DISK).reshape(len(own), -1)
            yield PersonEmbeddings(person_id, [row[3] for row in own], embeddings)

    def _wanted(self) -> ColumnElement[bool]:
        return (AnchorEmbedding.model_id == self.model_id) & in_use()


def _sortable(ids: np.ndarray) -> np.ndarray:
    """Ids, uint8 (k, 16), as what numpy sorts."""
    return np.ascontiguousarray(ids).view(f"S{ID_BYTES}")[:, 0]


def _rows(snapshot: IndexSnapshot, places: np.ndarray) -> Rows:
    embeddings, anchors = snapshot.embeddings_of(places), snapshot.grouping_of(places)
    return Rows(
        version=snapshot.version,
        person_ids=uuids(snapshot.person_ids[places]),
        anchor_ids=uuids(snapshot.anchor_ids[snapshot.rows_of(places)]),
        embeddings=embeddings,
        anchors=anchors,
    )


def _person_anchors(snapshot: IndexSnapshot, place: int, similarities: np.ndarray) -> PersonAnchors:
    return PersonAnchors(
        person_id=snapshot.person_id(place),
        anchor_ids=snapshot.anchor_ids_of(place),
        similarities=similarities,
        anchors=Anchors(
            np.zeros(1, np.int64), len(similarities), snapshot.template_lengths[place : place + 1]
        ),
    )
