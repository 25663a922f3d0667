"""Models that cannot serve, and anchors without embeddings."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, update

import ml
from ml.lab.convert.onnx import export
from tests.integration.models.changes import CHANGES, USE, USE_TINY, change_to_tiny, embedded_by
from tests.support.changed import changed
from tests.support.installation import Visitor, rows_stored, words
from tests.support.small_model import TINY
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, JobState, Person
from webapp.db.transactions import unit_of_work
from webapp.errors.models import PicturesNotEmbedded
from webapp.inference.active_model import active_model
from webapp.jobs import queue
from webapp.services.enrolment.store import picture_place
from webapp.services.models import selection
from webapp.settings import Settings, current_settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles

pytestmark = pytest.mark.real_faces


def test_a_model_cannot_serve_before_every_picture_is_embedded(
    app: Flask, ada, tiny: ml.Engine
) -> None:
    with pytest.raises(PicturesNotEmbedded):
        selection.activate(tiny.model_id, tiny.name, SERVER)

    assert rows_stored()["model_change"] == 0


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


def test_an_unknown_model_lists_the_known_ones(app: Flask) -> None:
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


def test_the_health_of_a_process_is_right_before_it_has_loaded_its_model(
    settings: Settings, app: Flask, ada
) -> None:
    change_to_tiny()
    fresh = create_app(settings)
    with fresh.app_context():
        assert obstacles(fresh) == set()


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
