"""The page and the commands that change the model."""

from __future__ import annotations

import json
import re
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import select

import ml
from tests.integration.models.changes import CHANGES, TYPED, USE_TINY, ask_for_tiny, change_to_tiny
from tests.support.installation import Visitor, rows_stored, words
from tests.support.small_model import TINY
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AuditEntry
from webapp.jobs import queue
from webapp.services.models import selection
from webapp.services.thresholds import verification

pytestmark = pytest.mark.real_faces


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


def test_a_change_of_the_model_is_reviewed_with_its_costs_first(
    app: Flask, ada, admin: Visitor, engine: ml.Engine, tiny: ml.Engine
) -> None:
    assert f'href="/models/{TINY}/change"' in admin.get("/models").text

    page = admin.get(f"/models/{TINY}/change")

    shown = words(page)
    assert page.status_code == 200
    assert engine.model_id in shown
    assert tiny.model_id in shown
    assert shown.count("Threshold: 50.0") == 2
    assert shown.count("strangers would be accepted") == 2
    assert "2 photos have to be processed by the new model" in shown
    assert "for people with 2 photos" in shown
    assert "is unknown until you have used the model" in shown
    assert 'href="/models">Cancel' in page.text
    assert rows_stored()["job"] == 0


@pytest.mark.parametrize(
    ("left_out", "shown"),
    [
        ("reason", "Please fill this in."),
        ("licence", "Read the licence and tick the box"),
        ("confirmation", "Type the word “dangerous”."),
    ],
)
def test_a_change_without_reason_licence_or_word_is_explained_and_nothing_lost(
    app: Flask, ada, admin: Visitor, left_out: str, shown: str
) -> None:
    sent = {name: value for name, value in TYPED.items() if name != left_out}

    answer = admin.post(f"/models/{TINY}/change", **sent)

    assert answer.status_code == 200
    assert shown in words(answer)
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
    ("left_out", "shown"),
    [
        ("--reason", "Missing option '--reason'"),
        ("--accept-licence", "restricts its use: a test. Read it. To accept it"),
        ("--confirm", "will be accepted. To accept it, add: --confirm"),
    ],
)
def test_the_command_asks_for_the_same(app: Flask, ada, left_out: str, shown: str) -> None:
    options = {"--reason": ["tried"], "--accept-licence": [], "--confirm": []}
    given = [part for name, value in options.items() if name != left_out for part in (name, *value)]

    used = app.test_cli_runner().invoke(args=["models", "use", *given, TINY])

    assert used.exit_code != 0
    assert shown in " ".join(used.output.split())
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
