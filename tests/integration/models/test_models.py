"""Changes of the active model: no comparison across models, and no downtime."""

from __future__ import annotations

from threading import Event

import pytest
from flask import Flask
from sqlalchemy import select

import ml
from tests.integration.models.changes import (
    CHANGES,
    USE_TINY,
    ask_for_tiny,
    change_to_tiny,
    embedded_by,
)
from tests.support.installation import Visitor, rows_stored, words
from tests.support.small_model import TINY
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, Attempt, JobState
from webapp.errors.models import ModelChangedMeanwhile
from webapp.inference.active_model import ModelRef, active_model
from webapp.jobs import queue
from webapp.services.attempts.attempt_log import list_attempts
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.verification import verify
from webapp.services.models import selection
from webapp.services.thresholds import verification
from webapp.settings import Settings

pytestmark = pytest.mark.real_faces


def test_a_model_trained_here_is_installed_and_then_enrols_and_verifies(
    settings: Settings, engine: ml.Engine, enrol, people
) -> None:
    app = create_app(settings, engine)
    with app.app_context():
        enrol("ada", photos=1)
        used = app.test_cli_runner().invoke(args=USE_TINY)
        assert used.exit_code == 0, used.output
        assert f"{TINY} is active." in used.output
        active_model().refresh()
        serves = active_model().engine
        assert (serves.name, serves.preprocessing.image_size) == (TINY, 66)
        assert embedded_by(serves.model_id) == 1
        operator = Visitor(app)
        operator.sign_in("the operator")

        enrolled = operator.post(
            "/people/new",
            {"images": [people[1].photos[0]]},
            identifier="bob",
            name="Bob",
            consent="y",
        )
        assert enrolled.status_code == 302, words(enrolled)
        for claim, photo in (("ada", people[0].photos[0]), ("bob", people[1].photos[0])):
            answer = operator.post("/verify", {"frames": [photo]}, identifier=claim)
            assert answer.status_code == 200

        db.session.rollback()
        attempts = db.session.scalars(select(Attempt)).all()
        assert {attempt.model_id for attempt in attempts} == {serves.model_id}
        assert {attempt.match for attempt in attempts} == {True}
        default = serves.calibration.default_threshold
        assert {attempt.threshold for attempt in attempts} == {default}
        db.session.remove()
        db.engine.dispose()


def test_the_old_model_serves_until_every_picture_is_embedded(
    app: Flask, ada, engine: ml.Engine, tiny: ml.Engine, people
) -> None:
    meanwhile: list[str] = []

    def look_on(_done: int, _total: int) -> None:
        with app.app_context():
            meanwhile.append(active_model().engine.model_id)

    job = change_to_tiny(look_on)

    assert (job.state, job.done, job.total) == (JobState.DONE, 2, 2)
    assert meanwhile == [engine.model_id]
    assert active_model().engine is tiny
    assert verify("ada", [people[0].photos[0]], SERVER).match


def test_people_enrolled_during_a_change_of_the_model_are_included(
    app: Flask, ada, tiny: ml.Engine, enrol
) -> None:
    late: list[object] = []

    def enrol_once_all_is_embedded(model_id: str, name: str, *asked: object) -> None:
        if not late:
            with app.app_context():
                late.append(enrol("bob", photos=1))
        real(model_id, name, *asked)

    real = selection.activate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webapp.services.models.reembedding.activate", enrol_once_all_is_embedded)
        change_to_tiny()

    assert set(active_model().gallery.sample().person_ids) == {ada, *late}
    assert active_model().engine is tiny


def test_an_interrupted_change_resumes(
    app: Flask, tiny: ml.Engine, enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.services.models.reembedding.BATCH", 1)
    enrol("ada", photos=3)

    def press_ctrl_c(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change_to_tiny(press_ctrl_c)
    assert embedded_by(tiny.model_id) == 1
    assert active_model().engine is not tiny
    first = db.session.scalar(
        select(AnchorEmbedding.id).where(AnchorEmbedding.model_id == tiny.model_id)
    )

    change_to_tiny()

    assert embedded_by(tiny.model_id) == 3
    assert db.session.get(AnchorEmbedding, first) is not None
    assert active_model().engine is tiny


def test_every_process_follows_at_once(
    app: Flask, ada, settings: Settings, engine: ml.Engine, tiny: ml.Engine
) -> None:
    elsewhere = create_app(settings, engine, tiny)
    with elsewhere.app_context():
        assert active_model().engine is engine
    change_to_tiny()

    with elsewhere.app_context():
        assert active_model().engine is tiny
        assert active_model().gallery.sample().person_ids == (ada,)


def test_another_process_gets_ready_before_the_change_and_forgets_afterwards(
    app: Flask, ada, settings: Settings, engine: ml.Engine, tiny: ml.Engine
) -> None:
    ask_for_tiny()
    elsewhere = create_app(settings, engine)
    about_to_serve = ModelRef(TINY, tiny.model_id)
    with elsewhere.app_context():
        selection.sync_engines()
        loaded = active_model().load(about_to_serve)
        assert active_model().engine is engine
    queue.run_due(CHANGES, Event())

    with elsewhere.app_context():
        assert active_model().engine is loaded
        selection.sync_engines()
        assert active_model().load(ModelRef(engine.name, engine.model_id)) is not engine


def test_a_request_ends_with_the_model_that_it_began_with(
    app: Flask, ada, settings: Settings, engine: ml.Engine, tiny: ml.Engine, people
) -> None:
    elsewhere = create_app(settings, engine, tiny)
    with elsewhere.app_context():
        assert active_model().engine is engine
        with app.app_context():
            change_to_tiny()

        assert verify("ada", [people[0].photos[1]], SERVER).match

        attempt = db.session.scalars(select(Attempt)).one()
        assert attempt.model_id == engine.model_id
        assert attempt.threshold == engine.calibration.default_threshold


def test_faces_of_the_model_before_are_not_enrolled(
    app: Flask, ada, settings: Settings, engine: ml.Engine, tiny: ml.Engine, known_faces
) -> None:
    elsewhere = create_app(settings, engine, tiny)
    with elsewhere.app_context():
        assert active_model().engine is engine
        with app.app_context():
            change_to_tiny()
        before = rows_stored()

        with pytest.raises(ModelChangedMeanwhile):
            store.enrol(NewPerson("bob", "Bob", True), known_faces[1][:1], SERVER)

        assert rows_stored() == before


def test_a_threshold_belongs_to_its_model(
    app: Flask, ada, operator_id, engine: ml.Engine, tiny: ml.Engine
) -> None:
    verification.change(77, "stricter", Actor(operator_id))
    change_to_tiny()
    assert verification.in_force().similarity == tiny.calibration.default_threshold
    verification.change(66, "for tiny", Actor(operator_id), confirmed=True)

    selection.activate(engine.model_id, engine.name, SERVER)
    assert verification.in_force().score == pytest.approx(77, abs=0.01)

    selection.activate(tiny.model_id, tiny.name, SERVER)
    assert verification.in_force().score == pytest.approx(66, abs=0.01)


def test_attempts_keep_the_meaning_of_the_model_that_judged_them(app: Flask, ada, people) -> None:
    before = verify("ada", [people[0].photos[2]], SERVER)
    change_to_tiny()

    (listed,) = list_attempts(1).items

    assert listed.score == pytest.approx(before.score)
    assert listed.threshold_score == pytest.approx(50)
