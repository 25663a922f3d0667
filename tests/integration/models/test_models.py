"""Changes of the active model: no comparison across models, and no downtime."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select, update

import ml
from ml.lab.convert.onnx import export
from tests.support.changed import changed
from tests.support.installation import Visitor, rows_stored, words
from tests.support.small_model import TINY
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, AnchorEmbedding, Attempt, AuditEntry, Job, JobState, Person
from webapp.db.transactions import unit_of_work
from webapp.errors.models import ModelChangedMeanwhile, PicturesNotEmbedded
from webapp.inference.active_model import ModelRef, active_model
from webapp.jobs import queue
from webapp.services.attempts.attempt_log import list_attempts
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson, picture_place
from webapp.services.matching.verification import verify
from webapp.services.models import selection
from webapp.services.models.selection import CHANGE_MODEL
from webapp.services.thresholds import verification
from webapp.settings import Settings, current_settings
from webapp.startup.job_handlers import JOB_HANDLERS
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles

pytestmark = pytest.mark.real_faces

CHANGES = {CHANGE_MODEL: JOB_HANDLERS[CHANGE_MODEL]}
USE = ["models", "use", "--reason", "tried", "--accept-licence", "--confirm"]
USE_TINY = [*USE, TINY]
TYPED = {"reason": "tried", "licence": "y", "confirmation": "dangerous"}


@pytest.fixture(scope="module")
def tiny(artifacts: Path) -> ml.Engine:
    return ml.load_engine(TINY, artifacts)


@pytest.fixture
def settings(settings: Settings, artifacts: Path) -> Settings:
    return changed(settings, artifacts=artifacts)


@pytest.fixture
def app(settings: Settings, engine: ml.Engine, tiny: ml.Engine) -> Iterator[Flask]:
    made = create_app(settings, engine, tiny)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", "Ada Lovelace")


def ask_for_tiny() -> UUID:
    """Queue the change to a dangerous, research-only model."""
    return selection.start_change(TINY, "tried", SERVER, licence_accepted=True, confirmed=True)


def change_to_tiny(listener: queue.Listener = lambda *_: None) -> Job:
    """Run the change here, and return its job."""
    queue.run_one(CHANGES, ask_for_tiny(), listener)
    active_model().refresh()
    return queue.newest(CHANGE_MODEL, TINY)


def embedded_by(model_id: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(AnchorEmbedding.model_id == model_id))


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


def test_a_model_cannot_serve_before_every_picture_is_embedded(
    app: Flask, ada, tiny: ml.Engine
) -> None:
    with pytest.raises(PicturesNotEmbedded):
        selection.activate(tiny.model_id, tiny.name, SERVER)

    assert rows_stored()["model_change"] == 0


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


def make_picture_empty(person_id: object) -> None:
    """Replace one of a person's pictures by an encrypted one without a face."""
    blank = BytesIO()
    Image.new("RGB", (200, 200), "grey").save(blank, "JPEG")
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        anchor = person.anchors[0]
        seal = key_store().vault.person_seal(person.key.wrapped, person_id)
        anchor.picture = seal.seal(blank.getvalue(), picture_place(anchor.id))


def test_a_picture_that_the_new_model_cannot_use_stops_the_change_and_is_named(
    app: Flask, ada, engine: ml.Engine, tiny: ml.Engine, admin: Visitor
) -> None:
    make_picture_empty(ada)

    job = change_to_tiny()

    assert (job.state, job.error) == (JobState.FAILED, "pictures_unusable")
    assert active_model().engine is engine
    assert embedded_by(tiny.model_id) == 1
    page = words(admin.get("/models"))
    assert "finds no face in some of the pictures" in page
    assert "Ada Lovelace" in page


def test_a_disabled_picture_does_not_stop_the_change(app: Flask, ada, tiny: ml.Engine) -> None:
    make_picture_empty(ada)
    with unit_of_work() as session:
        first = session.get(Person, ada).anchors[0].id
        session.execute(
            update(Anchor).where(Anchor.id == first).values(retired_at=func.current_timestamp())
        )

    assert change_to_tiny().state == JobState.DONE
    assert active_model().engine is tiny


def test_a_model_without_calibration_is_refused_with_the_way_out(
    app: Flask, admin: Visitor, settings: Settings, tmp_path: Path
) -> None:
    folder = shutil.copytree(settings.artifacts, tmp_path / "artifacts")
    (folder / TINY / "calibration.json").unlink()
    object.__setattr__(current_settings(), "artifacts", folder)
    remedy = f"run: python -m ml calibrate {TINY}"

    command = app.test_cli_runner().invoke(args=USE_TINY)
    assert command.exit_code == 1
    assert remedy in command.output
    page = admin.get("/models")
    assert remedy in words(page)
    assert str(folder) not in page.text
    assert f"/models/{TINY}/change" not in page.text
    for answer in (admin.get(f"/models/{TINY}/change"), admin.post(f"/models/{TINY}/change")):
        assert answer.location == "/models"
    assert rows_stored()["job"] == 0


def test_an_unknown_model_is_refused_with_those_that_are_known(app: Flask) -> None:
    command = app.test_cli_runner().invoke(args=[*USE, "huge"])

    assert command.exit_code == 1
    assert "installed: open, tiny" in command.output


def test_a_process_whose_model_lacks_embeddings_refuses_to_start(
    app: Flask, ada, settings: Settings, tiny: ml.Engine
) -> None:
    by_setting = create_app(changed(settings, model=TINY), tiny)

    with pytest.raises(NotReady, match="models reembed"):
        get_ready(by_setting)
    with by_setting.app_context():
        assert obstacles(by_setting) == {"embeddings"}
        db.session.rollback()
        assert by_setting.test_cli_runner().invoke(args=["models", "reembed"]).exit_code == 0

    get_ready(by_setting)
    with by_setting.app_context():
        assert obstacles(by_setting) == set()
        assert rows_stored()["model_change"] == 0


def test_a_replaced_artifact_is_noticed_and_embeds_again(
    app: Flask, ada, settings: Settings, engine: ml.Engine, tmp_path: Path
) -> None:
    change_to_tiny()
    folder = shutil.copytree(settings.artifacts, tmp_path / "artifacts")
    config = (folder / TINY / "config.toml").read_text()
    (folder / TINY / "config.toml").write_text(
        config.replace("mirrored = false", "mirrored = true")
    )
    replaced = ml.load_artifact(TINY, folder).model_id
    calibration = folder / TINY / "calibration.json"
    before = ml.load_artifact(TINY, settings.artifacts).model_id
    calibration.write_text(calibration.read_text().replace(before, replaced))
    export(ml.load_artifact(TINY, folder))
    restarted = create_app(changed(settings, artifacts=folder))

    with restarted.app_context(), pytest.raises(ml.ArtifactError, match="models use tiny"):
        _ = active_model().engine
    with restarted.app_context():
        used = restarted.test_cli_runner().invoke(args=USE_TINY)
        assert used.exit_code == 0, used.output
    with restarted.app_context():
        assert active_model().engine.model_id == replaced
        assert len(active_model().gallery.sample().anchor_ids) == 2


def test_the_page_names_models_terms_and_figures_and_starts_the_change(
    app: Flask, ada, admin: Visitor, engine: ml.Engine, tiny: ml.Engine
) -> None:
    page = words(admin.get("/models"))
    assert re.search(r"koch on drawn faces For research only", page)
    assert re.search(r"Right decisions on LFW View 2 99\.\d\d%", page)
    assert "Photos still to process 2" in page

    admin.post(f"/models/{TINY}/change", **TYPED)

    assert admin.get(f"/models/{TINY}/progress").json["unfinished"]
    assert "Getting ready" in words(admin.get("/models"))
    assert queue.run_due(CHANGES, Event()) == 1
    answer = admin.get(f"/models/{TINY}/progress").json
    assert (answer["unfinished"], answer["done"], answer["total"]) == (False, 2, 2)
    page = words(admin.get("/models"))
    assert re.search(r"koch on drawn faces Active", page)
    assert re.search(rf"{tiny.model_id} .* tried the admin", page)


def test_the_commands_list_models_and_the_progress_of_a_change(app: Flask, ada) -> None:
    run = app.test_cli_runner().invoke

    listed = run(args=["models", "list"]).output
    assert re.search(r"^\* open: .*\(open\)$", listed, re.MULTILINE)
    assert re.search(r"^  tiny: .*\(research\); 2 photos to embed$", listed, re.MULTILINE)
    ask_for_tiny()
    assert "change to tiny: waiting, 0 of 0 photos" in run(args=["models", "status"]).output


def test_the_health_of_a_process_is_right_before_it_has_loaded_its_model(
    settings: Settings, app: Flask, ada
) -> None:
    change_to_tiny()
    fresh = create_app(settings)
    with fresh.app_context():
        assert obstacles(fresh) == set()


def test_a_change_of_the_model_is_reviewed_with_its_costs_first(
    app: Flask, ada, admin: Visitor, engine: ml.Engine, tiny: ml.Engine
) -> None:
    assert f'href="/models/{TINY}/change"' in admin.get("/models").text

    page = admin.get(f"/models/{TINY}/change")

    said = words(page)
    assert page.status_code == 200
    assert engine.model_id in said
    assert tiny.model_id in said
    assert said.count("Threshold: 50.0") == 2
    assert said.count("strangers would be accepted") == 2
    assert "2 photos have to be processed by the new model" in said
    assert "for people with 2 photos" in said
    assert "is unknown until you have used the model" in said
    assert 'href="/models">Cancel' in page.text
    assert rows_stored()["job"] == 0


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("reason", "Please fill this in."),
        ("licence", "Read the licence and tick the box"),
        ("confirmation", "Type the word “dangerous”."),
    ],
)
def test_a_change_without_reason_licence_or_word_is_explained_and_nothing_lost(
    app: Flask, ada, admin: Visitor, left_out: str, said: str
) -> None:
    sent = {name: value for name, value in TYPED.items() if name != left_out}

    answer = admin.post(f"/models/{TINY}/change", **sent)

    assert answer.status_code == 200
    assert said in words(answer)
    assert ('value="tried"' in answer.text) == (left_out != "reason")
    assert ("checked" in answer.text) == (left_out != "licence")
    assert rows_stored()["job"] == 0


def test_a_change_of_the_model_is_stored_with_actor_reason_and_acknowledgements(
    app: Flask, ada, admin: Visitor, tiny: ml.Engine
) -> None:
    admin.post(f"/models/{TINY}/change", **TYPED)
    queue.run_due(CHANGES, Event())
    db.session.rollback()

    (change,) = selection.history()
    assert (change.reason, change.username) == ("tried", "the admin")
    rows = db.session.execute(select(AuditEntry.event, AuditEntry.details)).all()
    logged = {event: json.loads(details) for event, details in rows}
    queued = logged["model_change_queued"]
    assert (queued["model"], queued["reason"]) == (tiny.model_id, "tried")
    assert queued["licence_accepted"] == "a test"
    assert queued["confirmed"] == ["strangers_accepted"]
    assert logged["model_changed"] == {"model": tiny.model_id, "reason": "tried"}


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("--reason", "Missing option '--reason'"),
        ("--accept-licence", "restricts its use: a test. Read it. To accept it"),
        ("--confirm", "will be accepted. To accept it, add: --confirm"),
    ],
)
def test_the_command_asks_for_the_same(app: Flask, ada, left_out: str, said: str) -> None:
    options = {"--reason": ["tried"], "--accept-licence": [], "--confirm": []}
    given = [part for name, value in options.items() if name != left_out for part in (name, *value)]

    used = app.test_cli_runner().invoke(args=["models", "use", *given, TINY])

    assert used.exit_code != 0
    assert said in " ".join(used.output.split())
    assert rows_stored()["job"] == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\x00b"])
def test_the_commands_reason_follows_the_pages_rules(app: Flask, ada, reason: str) -> None:
    used = app.test_cli_runner().invoke(args=[*USE_TINY, "--reason", reason])

    assert used.exit_code == 1
    assert "--reason takes 1 to 500 printable characters" in used.output
    assert rows_stored()["job"] == 0


def test_going_back_to_a_free_and_safe_model_takes_a_reason_alone(
    app: Flask, ada, admin: Visitor, engine: ml.Engine
) -> None:
    change_to_tiny()

    page = admin.get(f"/models/{engine.name}/change").text
    assert 'name="licence"' not in page
    assert 'name="confirmation"' not in page
    answer = admin.post(f"/models/{engine.name}/change", reason="it was better")

    assert answer.location == "/models"
    assert queue.run_due(CHANGES, Event()) == 1
    assert selection.history()[0].reason == "it was better"


def test_a_dangerous_threshold_left_under_another_model_asks_for_the_word(
    app: Flask, ada, admin: Visitor, engine: ml.Engine
) -> None:
    verification.change(0, "a demonstration", SERVER, confirmed=True)
    change_to_tiny()

    answer = admin.post(f"/models/{engine.name}/change", reason="it was better")

    assert answer.status_code == 200
    assert "Anybody will be accepted as anybody." in words(answer)


def test_anchors_without_embeddings_are_processed_without_a_review(
    app: Flask, ada, settings: Settings, tiny: ml.Engine
) -> None:
    by_setting = create_app(changed(settings, model=TINY), tiny)
    with by_setting.app_context():
        admin = Visitor(by_setting)
        admin.sign_in("the admin")
        assert "Process 2 photos" in words(admin.get("/models"))
        admin.post("/models/embed")
        assert queue.run_due(CHANGES, Event()) == 1
        assert rows_stored()["model_change"] == 0
        assert embedded_by(tiny.model_id) == 2
