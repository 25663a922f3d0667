"""In-memory gallery: a cache of the decrypted embeddings of one model.

When the gallery version of the database has increased, only the people changed since are reloaded.
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

from ml import Anchors, Normalised, Normaliser
from webapp.crypto.vault import Vault
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, Person, PersonKey
from webapp.errors.matching import GalleryLoading
from webapp.gallery.anchor_store import AnchorStore, IndexSnapshot, PersonEmbeddings
from webapp.gallery.base import (
    MIN_RETRY_SECONDS,
    ON_DISK,
    LoadProgress,
    PersonAnchors,
    Rows,
    deleted_since,
    draw_people,
    embedding_place,
    is_enabled,
    mean_similarities,
    version_of_database,
)
from webapp.gallery.columns import ID_BYTES, uuids

FETCH_ROWS = 5_000
PEOPLE_PER_QUERY = 500
# Requests wait for the first load up to BLOCKING_ANCHORS; of a larger gallery, LOAD_WAIT_SECONDS.
BLOCKING_ANCHORS, LOAD_WAIT_SECONDS = 20_000, 2.0
LOG_EVERY_ANCHORS = 100_000
log = logging.getLogger("webapp.gallery.base")


class MemoryGallery:
    """All enabled anchors of one model."""

    def __init__(
        self,
        model_id: str,
        embedding_size: int,
        normaliser: Normaliser,
        vault: Callable[[], Vault],
    ) -> None:
        self.model_id = model_id
        self._vault = vault
        self._lock = Lock()
        self._size = embedding_size
        self._normaliser = normaliser
        self._store = AnchorStore(embedding_size, normaliser)
        self._samples: tuple[int, dict[tuple[int | None, int | None], Rows]] = (-1, {})
        self._progress: LoadProgress | None = None

    @property
    def load_progress(self) -> LoadProgress | None:
        """Progress of the first load; None if it is not running."""
        return self._progress

    def refresh(self) -> IndexSnapshot:
        """Update the cache to the version of the database, or a newer one, and return it.

        Raises:
            GalleryLoading: while another thread loads a large gallery.
        """
        version = version_of_database()
        with self._locked():
            if version > self._store.snapshot.version:
                self._catch_up(version)
            return self._store.snapshot

    @contextmanager
    def _locked(self) -> Iterator[None]:
        progress = self._progress
        if progress and progress.anchors > BLOCKING_ANCHORS:
            raise GalleryLoading(progress.seconds_left)
        is_loaded = self._store.snapshot.version >= 0
        if not self._lock.acquire(timeout=-1 if is_loaded else LOAD_WAIT_SECONDS):
            raise GalleryLoading(MIN_RETRY_SECONDS)
        try:
            yield
        finally:
            self._lock.release()

    def similarities(self, probe: np.ndarray, person_id: UUID) -> PersonAnchors | None:
        """Compare a probe with the anchors of a person; None if they have none.

        While the gallery loads, the anchors are read from the database.
        """
        frames = self._normalised(probe)
        try:
            snapshot = self.refresh()
        except GalleryLoading:
            return self._similarities_from_database(frames, person_id)
        place = snapshot.place_of(person_id)
        if place is None:
            return None
        return _person_anchors(snapshot, place, snapshot.similarities_at(frames, place))

    def _similarities_from_database(
        self, frames: Normalised, person_id: UUID
    ) -> PersonAnchors | None:
        for person in self._read_people(AnchorEmbedding.person_id == person_id):
            return PersonAnchors(
                person_id=person_id,
                anchor_ids=tuple(person.anchor_ids),
                similarities=mean_similarities(self._normalised(person.embeddings), frames),
                anchors=Anchors(np.zeros(1, np.int64), len(person.anchor_ids)),
            )
        return None

    def nearest(
        self, probe: np.ndarray, k: int, rule: str, exclude: UUID | None = None
    ) -> tuple[PersonAnchors, ...]:
        """Return the k people most similar to a probe, most similar first."""
        frames, snapshot = self._normalised(probe), self.refresh()
        excluded_place = snapshot.place_of(exclude) if exclude else None
        return tuple(
            _person_anchors(snapshot, place, similarities)
            for place, similarities in snapshot.nearest(frames, k, rule, excluded_place)
        )

    def anchors_of(self, person_id: UUID) -> Rows:
        """Return the anchors of a person; no rows if they have none.

        While the gallery loads, the anchors are read from the database.
        """
        try:
            snapshot = self.refresh()
        except GalleryLoading:
            return self._anchors_from_database(person_id)
        place = snapshot.place_of(person_id)
        return _rows(snapshot, np.array([] if place is None else [place], np.int64))

    def _anchors_from_database(self, person_id: UUID) -> Rows:
        people = list(self._read_people(AnchorEmbedding.person_id == person_id))
        embeddings = people[0].embeddings if people else np.empty((0, self._size), np.float32)
        return Rows(
            version=self._store.snapshot.version,
            person_ids=tuple(person.person_id for person in people),
            anchor_ids=tuple(people[0].anchor_ids) if people else (),
            normalised=self._normalised(embeddings),
            anchors=Anchors(np.zeros(len(people), np.int64), len(embeddings)),
        )

    def sample(self, max_anchors: int | None = None, max_people: int | None = None) -> Rows:
        """Return all people, or a random sample within the bounds."""
        snapshot = self.refresh()
        with self._lock:
            if self._samples[0] != snapshot.version:
                self._samples = (snapshot.version, {})
            samples = self._samples[1]
        bounds = (max_anchors, max_people)
        if bounds not in samples:
            alive = np.flatnonzero(snapshot.alive)
            order = np.argsort(_sortable(snapshot.person_ids[alive]), kind="stable")
            alive = alive[order]  # the sample must not depend on the order of loading
            drawn = draw_people(
                snapshot.grouping_of(alive), max_anchors=max_anchors, max_people=max_people
            )
            samples[bounds] = _rows(snapshot, alive[drawn])
        return samples[bounds]

    def _normalised(self, embeddings: np.ndarray) -> Normalised:
        return self._normaliser(np.atleast_2d(embeddings))

    def _catch_up(self, version: int) -> None:
        since = self._store.snapshot.version
        try:
            if since < 0:
                self._read_all(version)
            else:
                self._read_changes(since, version)
        except BaseException:
            self._store = AnchorStore(self._size, self._normaliser)  # drop the partial state
            raise
        finally:
            self._progress = None

    def _read_all(self, version: int) -> None:
        anchors = db.session.scalar(select(func.count()).where(self._is_included())) or 0
        self._progress = progress = LoadProgress(0, anchors, time.monotonic())
        people = self._with_progress(self._read_people(true()), progress)
        self._store.change(version, people, (), expected=anchors)

    def _with_progress(
        self, people: Iterator[PersonEmbeddings], progress: LoadProgress
    ) -> Iterator[PersonEmbeddings]:
        """Pass people through and update the progress."""
        for person in people:
            yield person
            progress.done += len(person.anchor_ids)
            if progress.done % LOG_EVERY_ANCHORS == 0:
                log.info("%s of %s anchors loaded", progress.done, progress.anchors)

    def _read_changes(self, since: int, version: int) -> None:
        changed = db.session.scalars(select(Person.id).where(Person.gallery_version > since)).all()
        deleted = deleted_since(since, version)
        reread = chain.from_iterable(
            self._read_people(AnchorEmbedding.person_id.in_(changed[at : at + PEOPLE_PER_QUERY]))
            for at in range(0, len(changed), PEOPLE_PER_QUERY)
        )
        snapshot = self._store.change(version, reread, [*changed, *(deleted or ())])
        if deleted is None:
            self._store.change(version, (), self._deleted_from(snapshot))

    def _deleted_from(self, snapshot: IndexSnapshot) -> list[UUID]:
        """Return the people of the index that the database no longer has."""
        stored = set(
            db.session.scalars(
                select(AnchorEmbedding.person_id).where(self._is_included()).distinct()
            )
        )
        return [one for one in uuids(snapshot.person_ids[snapshot.alive]) if one not in stored]

    def _read_people(self, condition: ColumnElement[bool]) -> Iterator[PersonEmbeddings]:
        found = db.session.connection().execute(  # takes two thirds of the time of ORM objects
            select(
                AnchorEmbedding.person_id,
                PersonKey.wrapped,
                AnchorEmbedding.id,
                AnchorEmbedding.anchor_id,
                AnchorEmbedding.vector,
            )
            .join(PersonKey, PersonKey.person_id == AnchorEmbedding.person_id)
            .where(self._is_included(), condition)
            .order_by(AnchorEmbedding.person_id)
            .execution_options(yield_per=FETCH_ROWS)
        )
        vault = self._vault()
        for wrapped, rows in groupby(found, key=itemgetter(1)):  # keys are unique to a person
            own = sorted(rows, key=itemgetter(2))
            person_id = own[0][0]
            seal = vault.person_seal(wrapped, person_id)
            vectors = [seal.open(row[4], embedding_place(row[2])) for row in own]
            embeddings = np.frombuffer(b"".join(vectors), ON_DISK).reshape(len(own), -1)
            yield PersonEmbeddings(person_id, [row[3] for row in own], embeddings)

    def _is_included(self) -> ColumnElement[bool]:
        return (AnchorEmbedding.model_id == self.model_id) & is_enabled()


def _sortable(ids: np.ndarray) -> np.ndarray:
    """Convert ids, uint8 (k, 16), to a dtype that numpy can sort."""
    return np.ascontiguousarray(ids).view(f"S{ID_BYTES}")[:, 0]


def _rows(snapshot: IndexSnapshot, places: np.ndarray) -> Rows:
    return Rows(
        version=snapshot.version,
        person_ids=uuids(snapshot.person_ids[places]),
        anchor_ids=uuids(snapshot.anchor_ids[snapshot.rows_of(places)]),
        normalised=snapshot.normalised_of(places),
        anchors=snapshot.grouping_of(places),
    )


def _person_anchors(snapshot: IndexSnapshot, place: int, similarities: np.ndarray) -> PersonAnchors:
    return PersonAnchors(
        person_id=snapshot.person_id(place),
        anchor_ids=snapshot.anchor_ids_of(place),
        similarities=similarities,
        anchors=Anchors(np.zeros(1, np.int64), len(similarities)),
    )
