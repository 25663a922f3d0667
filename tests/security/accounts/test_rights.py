from __future__ import annotations

import io
import json
import logging
import re
import zipfile
from datetime import timedelta
from hashlib import sha256
from threading import Event

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from tests.support.changed import changed
from tests.support.installation import OPERATOR, Visitor, rows_stored, words, written_down
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import OwnLink, Person
from webapp.db.transactions import unit_of_work
from webapp.jobs import queue
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.verification import verify_without_challenge
from webapp.services.people import retention
from webapp.services.people.people import find_person
from webapp.services.people.retention import DELETE_EXPIRED
from webapp.settings import Settings
from webapp.startup.job_handlers import JOB_HANDLERS


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", "Ada Lovelace")


@pytest.fixture
def link(operator: Visitor, ada) -> str:
    """Return the path of Ada's own page."""
    return path_in(operator.post(f"/people/{ada}/link").text)


def path_in(page: str) -> str:
    return re.search(r"http://localhost(/own/[^<\s]+)", page).group(1)


def agreed_days_ago(person_id: object, days: int) -> None:
    with unit_of_work() as session:
        session.get_one(Person, person_id).consent_at -= timedelta(days=days)


def swapped(token: str) -> str:
    """Return the token with one character changed in its signed part."""
    return token[:10] + ("A" if token[10] != "A" else "B") + token[11:]


@pytest.fixture
def keeping_a_year(settings: Settings, engine) -> Flask:
    return create_app(changed(settings, retention_days=365, warning_days=30), engine)


# Retention


def test_people_stay_until_they_are_deleted_unless_a_time_is_set(app: Flask, ada) -> None:
    agreed_days_ago(ada, 10_000)

    assert retention.delete_expired() == 0
    assert retention.ends_at(find_person(ada)) is None


def test_expired_people_are_deleted_and_nobody_else(keeping_a_year: Flask, enrol, ada) -> None:
    enrol("bob", photos=1)
    agreed_days_ago(ada, 366)

    with keeping_a_year.app_context():
        output = keeping_a_year.test_cli_runner().invoke(args=["retention", "run"]).output

    assert "1 people deleted" in output
    stored = rows_stored()
    assert (stored["person"], stored["person_key"], stored["anchor"]) == (1, 1, 1)


def test_the_background_does_the_same_once_a_day(keeping_a_year: Flask, ada) -> None:
    agreed_days_ago(ada, 366)
    kinds = {DELETE_EXPIRED: JOB_HANDLERS[DELETE_EXPIRED]}
    db.session.rollback()

    with keeping_a_year.app_context():
        assert queue.run_due(kinds, Event()) == 1
        assert queue.run_due(kinds, Event()) == 0

    assert rows_stored()["person"] == 0


def test_operators_are_warned_before_and_may_note_a_new_consent(keeping_a_year: Flask, ada) -> None:
    agreed_days_ago(ada, 340)
    operator = Visitor(keeping_a_year)
    operator.sign_in("the operator")
    assert "nearly over" in words(operator.get(f"/people/{ada}"))

    operator.post(f"/people/{ada}/consent")

    assert "nearly over" not in words(operator.get(f"/people/{ada}"))
    db.session.expire_all()
    assert find_person(ada).consent_terms["retention_days"] == 365


def test_consent_is_kept_with_the_terms_it_was_given_to(
    settings: Settings, engine, known_faces
) -> None:
    terms = {"controller": "The Workshop", "purpose": "opening the door", "retention_days": 99}
    with create_app(changed(settings, **terms), engine).app_context():
        person = store.enrol(NewPerson("ada", "Ada", True), known_faces[0][:1], SERVER)

        assert find_person(person).consent_terms == terms
        assert find_person(person).consent_version == "2"


def test_the_privacy_page_follows_the_active_settings(
    settings: Settings, engine, anybody: Visitor
) -> None:
    terms = {"controller": "The Workshop", "purpose": "opening the door", "retention_days": 99}
    visitor = Visitor(create_app(changed(settings, **terms), engine))

    page = words(visitor.get("/privacy"))

    assert all(str(value) in page for value in terms.values())
    assert "no time is set" in words(anybody.get("/privacy"))


# A person's own page


def test_a_person_sees_exports_and_deletes_their_data(
    anybody: Visitor, link: str, ada, people
) -> None:
    page = anybody.get(link)
    assert "Ada Lovelace" in words(page)
    pictures = re.findall(r'src="(/own/[^"]+/pictures/[^"]+)"', page.text)
    assert len(pictures) == 2
    assert anybody.get(pictures[0]).data.startswith(b"\xff\xd8\xff")
    assert anybody.get(f"{link}/export").mimetype == "application/zip"

    withdrawn = anybody.post(f"{link}/withdraw")

    assert withdrawn.status_code == 302
    assert rows_stored()["person"] == 0
    assert anybody.get(link).status_code == 404


def test_the_export_holds_everything(operator: Visitor, operator_id, ada, people) -> None:
    verify_without_challenge("ada", [people[0].photos[2]], "cannot_move", Actor(operator_id))
    operator.post(f"/people/{ada}/link")

    answer = operator.post(f"/people/{ada}/export")

    assert "lovelace" not in answer.headers["Content-Disposition"].lower()
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        held = json.loads(archive.read("person.json"))
        assert held["name"] == "Ada Lovelace"
        assert len(held["pictures"]) == 2
        assert held["own_link"].keys() == {"made_at", "ends_at"}
        (attempt,), (challenge,) = held["attempts"], held["challenges"]
        assert attempt["rule"] == "best"
        assert attempt["by_rule"]["best"] == attempt["similarity"]
        assert (challenge["outcome"], challenge["strength"]) == ("waived", "normal")
        assert {"anchors_compared", "reasons", "milliseconds"} <= attempt.keys()
        assert {"seconds", "frames", "label", "cues"} <= challenge.keys()
        assert not {key for row in (attempt, challenge) for key in row if key.endswith("_id")} - {
            "model_id"
        }
        for picture in held["pictures"]:
            assert archive.read(picture["file"]).startswith(b"\xff\xd8\xff")
            assert all(len(vector) >= 64 for vector in picture["embeddings"].values())


def test_a_link_opens_one_persons_page_and_no_other_pictures(
    app: Flask, anybody: Visitor, link: str, known_faces
) -> None:
    bob = store.enrol(NewPerson("bob", "Bob", True), known_faces[1][:1], SERVER)
    anchor = find_person(bob).anchors[0].id

    assert anybody.get(f"{link}/pictures/{anchor}").status_code == 404
    assert anybody.get("/people").status_code == 302


def test_a_new_link_ends_the_one_before(
    operator: Visitor, anybody: Visitor, link: str, ada
) -> None:
    newer = path_in(operator.post(f"/people/{ada}/link").text)

    assert anybody.get(link).status_code == 404
    assert anybody.get(newer).status_code == 200


@pytest.mark.parametrize("change", [swapped, lambda t: t + "x", lambda t: "x" + t])
def test_a_forged_link_opens_nothing(anybody: Visitor, link: str, change) -> None:
    start, token = link[: len("/own/")], link[len("/own/") :]

    for path in ("", "/export"):
        assert anybody.get(f"{start}{change(token)}{path}").status_code == 404
    assert anybody.post(f"{start}{change(token)}/withdraw").status_code == 404
    assert rows_stored()["person"] == 1


def test_the_log_holds_no_link(
    operator: Visitor, anybody: Visitor, ada, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = path_in(operator.post(f"/people/{ada}/link").text)
    anybody.get(link)
    anybody.get(f"{link}/export")

    assert "person_exported" in caplog.text
    assert link.rpartition("/")[2] not in caplog.text
    assert "Lovelace" not in caplog.text


def test_a_link_ends_after_its_days(anybody: Visitor, link: str, ada) -> None:
    with unit_of_work() as session:
        session.get_one(OwnLink, ada).ends_at -= timedelta(days=7)

    assert anybody.get(link).status_code == 404


def test_a_link_needs_its_row_even_if_the_cookie_key_is_known(
    app: Flask, anybody: Visitor, link: str, ada
) -> None:
    """An earlier release built the token from the cookie key, the person and a number."""
    for number in (0, 1):
        forged = [
            URLSafeTimedSerializer(app.secret_key, salt="own page").dumps([ada.hex, number]),
            URLSafeTimedSerializer(
                app.secret_key, salt="own page", signer_kwargs={"digest_method": sha256}
            ).dumps([ada.hex, number]),
        ]
        for token in forged:
            for path in ("", "/export"):
                assert anybody.get(f"/own/{token}{path}").status_code == 404
            assert anybody.post(f"/own/{token}/withdraw").status_code == 404
    assert rows_stored()["person"] == 1


def test_the_database_stores_no_links_token(settings: Settings, link: str, ada) -> None:
    token = link.rpartition("/")[2].encode()

    assert token not in written_down(settings)
    assert sha256(token).digest() not in written_down(settings)


def test_an_operator_sees_and_ends_a_link(
    operator: Visitor, anybody: Visitor, link: str, ada
) -> None:
    page = operator.get(f"/people/{ada}")
    assert "made by the operator" in words(page)

    operator.post(f"/people/{ada}/link/end")

    assert anybody.get(link).status_code == 404
    assert "made by the operator" not in words(operator.get(f"/people/{ada}"))


def test_a_link_ends_with_the_account_that_made_it(app: Flask, anybody: Visitor, link: str) -> None:
    app.test_cli_runner().invoke(args=["account", "delete", OPERATOR])

    assert anybody.get(link).status_code == 404


def test_a_dead_links_page_has_a_next_step(anybody: Visitor) -> None:
    page = anybody.get("/own/of-a-release-before")

    assert page.status_code == 404
    assert "Ask whoever gave it to you for a new one" in words(page)
