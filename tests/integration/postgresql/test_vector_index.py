"""The index of vectors: built, repeated and used."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import func, select, text

import ml
from tests.integration.postgresql.vectors import (
    index,
    index_from,
    is_indexed,
    vectors_kept_of,
    write_vectors_of_nobody,
)
from tests.support.changed import changed
from tests.support.small_model import TINY
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import JobState
from webapp.db.transactions import unit_of_work
from webapp.gallery.pgvector.gallery import VectorTuning
from webapp.inference.active_model import active_model
from webapp.jobs import queue
from webapp.jobs.queue import Interrupted
from webapp.services.models import vector_index
from webapp.services.models.selection import CHANGE_MODEL, start_change
from webapp.services.models.vector_index import INDEX_VECTORS
from webapp.settings import Settings
from webapp.startup.job_handlers import JOB_HANDLERS
from webapp.startup.prepare import prepare


@pytest.fixture
def settings(vector_settings: Settings) -> Settings:
    return vector_settings


@pytest.fixture
def app(prepared_app: Flask) -> Flask:
    return prepared_app


def test_the_index_finds_the_nearest_people(
    app: Flask, two_people, known_faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_from(3, monkeypatch)
    assert not is_indexed()
    prepare()
    assert is_indexed()
    with unit_of_work() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_sort = off"))
        found = active_model().gallery.nearest(known_faces[1][0].embedding, 1, "best")

    assert found[0].person_id == two_people[1]


def test_ef_search_grows_with_the_anchors_up_to_the_maximum() -> None:
    tuning = VectorTuning()
    views = [tuning.ef_search_for(anchors, 100) for anchors in (100, 100_000, 1_000_000, 10**9)]

    assert views == [100, 400, 1_000, 1_000]
    assert tuning.ef_search_for(100_000, 700) == 700


def test_an_interrupted_index_build_is_repeated(
    app: Flask, two_people, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_from(3, monkeypatch)
    prepare()
    with unit_of_work() as session:
        cut_short = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(:name)"
        session.execute(text(cut_short), {"name": index()})
    assert not is_indexed()

    prepare()

    assert is_indexed()


def test_while_another_process_builds_the_index_it_is_left_to_it(
    app: Flask, two_people, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    index_from(3, monkeypatch)
    with db.engine.connect() as another:
        another.execute(select(func.pg_advisory_lock(vector_index.BUILDING_LOCK)))
        prepare()
        assert "another process is building the index" in caplog.text
        assert not is_indexed()
        another.invalidate()

    prepare()

    assert is_indexed()


def test_building_the_index_reports_its_progress(
    app: Flask, two_people, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = 5_000
    index_from(3, monkeypatch)
    monkeypatch.setattr(vector_index, "LOOK_SECONDS", 0.01)
    write_vectors_of_nobody(many)
    shown: list[tuple[int, int]] = []

    vector_index.build_indices(lambda done, total: shown.append((done, total)))

    assert is_indexed()
    assert shown == sorted(shown)
    assert shown[-1][0] > 0
    assert {total for _, total in shown} == {many + vectors_kept_of(two_people)}


def test_interrupting_the_build_ends_it_until_the_next_one(
    app: Flask, two_people, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_from(3, monkeypatch)
    monkeypatch.setattr(vector_index, "LOOK_SECONDS", 0.01)
    write_vectors_of_nobody(5_000)

    def stop(done: int, _total: int) -> None:
        if done:
            raise Interrupted

    with pytest.raises(Interrupted):
        vector_index.build_indices(stop)
    assert not is_indexed()

    queue.run_due({INDEX_VECTORS: JOB_HANDLERS[INDEX_VECTORS]}, Event())

    assert queue.newest(INDEX_VECTORS).state == JobState.DONE
    assert is_indexed()


@pytest.mark.real_faces
def test_another_model_serves_with_its_anchors_indexed(
    settings: Settings,
    engine: ml.Engine,
    artifacts: Path,
    app: Flask,
    two_people,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index_from(3, monkeypatch)
    db.session.rollback()
    tiny = ml.load_engine(TINY, artifacts)
    with create_app(changed(settings, artifacts=artifacts), engine, tiny).app_context():
        ran = queue.run_one(
            JOB_HANDLERS,
            start_change(TINY, "tried", SERVER, licence_accepted=True, confirmed=True),
            lambda *_: None,
        )

        assert ran
        assert queue.newest(CHANGE_MODEL, TINY).state == JobState.DONE
        assert active_model().model_id == tiny.model_id
        assert is_indexed()
        db.session.remove()
        db.engine.dispose()
