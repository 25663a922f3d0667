"""Attempts are filtered, and exported as a table without formulas."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select

import ml
from tests.support.installation import OPERATOR, Visitor, words
from tests.support.past import past_attempt
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, Attempt, Kind
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model
from webapp.services.attempts.attempt_filter import AttemptFilter
from webapp.services.attempts.attempt_log import list_attempts
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson

Known = tuple[tuple[ml.Face, ...], ...]
FORMULA = "=cmd|'/c calc'!A1"


def attempt(person_id: UUID | None, day: int, hour: int = 12, **facts: object) -> Attempt:
    values: dict[str, object] = {
        "threshold": 0.93,
        "similarity": 0.95,
        "anchors_compared": 2,
        "milliseconds": 123.4,
        "reasons": ["blurred"],
    }
    at = datetime(2026, 3, day, hour, 59, 59, tzinfo=UTC)
    return past_attempt(person_id=person_id, created_at=at, **values | facts)


@pytest.fixture
def five(app: Flask, enrol, known_faces: Known) -> None:
    """Store three attempts of Ada, one of a person with a dangerous identifier, one of nobody."""
    ada = enrol("ada", "Ada Lovelace", photos=1)
    evil = store.enrol(NewPerson(FORMULA, "Evil", True), known_faces[1][:1], SERVER)
    account = db.session.scalar(select(Account.id).where(Account.username == OPERATOR))
    with unit_of_work() as session:
        session.add_all(
            [
                attempt(ada, 1, account_id=account),
                attempt(ada, 2, hour=23, match=False, similarity=-0.2),
                attempt(ada, 3, kind=Kind.IDENTIFY),
                attempt(evil, 3, hour=0),
                attempt(None, 4, match=False),
            ]
        )


def found(**wanted: object) -> list[tuple[str | None, int]]:
    rows = list_attempts(1, AttemptFilter(**wanted)).items
    return [(row.claim, row.created_at.day) for row in rows]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [(None, 4), ("ada", 3), (FORMULA, 3), ("ada", 2), ("ada", 1)]),
        ({"person": "LOVE"}, [("ada", 3), ("ada", 2), ("ada", 1)]),
        ({"person": "ada"}, [("ada", 3), ("ada", 2), ("ada", 1)]),
        ({"match": False}, [(None, 4), ("ada", 2)]),
        ({"match": True, "kind": Kind.VERIFY}, [(FORMULA, 3), ("ada", 1)]),
        ({"kind": Kind.IDENTIFY}, [("ada", 3)]),
        ({"since": date(2026, 3, 3)}, [(None, 4), ("ada", 3), (FORMULA, 3)]),
        ({"until": date(2026, 3, 2)}, [("ada", 2), ("ada", 1)]),
        ({"since": date(2026, 3, 2), "until": date(2026, 3, 2)}, [("ada", 2)]),
        ({"person": "nobody"}, []),
    ],
)
def test_attempts_are_filtered(app: Flask, five, wanted, expected) -> None:
    assert found(**wanted) == expected


def test_a_text_that_fits_many_people_finds_the_same(
    app: Flask, five, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ("a", "love", "nobody", "cmd|")
    few = [found(person=text) for text in texts]

    monkeypatch.setattr("webapp.services.attempts.attempt_filter.FEW_PEOPLE", 0)

    assert [found(person=text) for text in texts] == few
    assert [len(rows) for rows in few] == [4, 3, 0, 1]


def test_the_page_filters_and_keeps_the_filters_in_its_links(operator: Visitor, five) -> None:
    page = operator.get("/attempts?person=ada&result=match&kind=verify&since=2026-03-01")

    assert "1 attempt " in words(page)
    assert "/attempts.csv?person=ada&amp;result=match&amp;kind=verify" in page.text


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "9999-12-31", "1e9"])
def test_an_invalid_day_is_reported_and_ignored(operator: Visitor, five, day: str) -> None:
    page = operator.get("/attempts", query_string={"until": day})

    assert page.status_code == 200
    assert "Give a day, like 2026-01-31." in words(page)
    assert "5 attempts" in words(page)


def test_a_choice_that_does_not_exist_is_left_out(operator: Visitor, five) -> None:
    assert "5 attempts" in words(operator.get("/attempts?result=maybe&kind=guess"))


def test_filters_without_a_result_are_reported(operator: Visitor, five) -> None:
    assert "No attempt fits" in words(operator.get("/attempts?person=nobody"))


def test_no_match_never_shows_the_score_of_its_threshold(
    app: Flask, operator: Visitor, five
) -> None:
    calibration = active_model().engine.calibration
    just_below = {
        "match": False,
        "threshold": calibration.similarity(50),
        "similarity": calibration.similarity(49.97),
    }
    with unit_of_work() as session:
        session.add(attempt(None, 5, **just_below))

    assert "No match – 49.9 50.0" in words(operator.get("/attempts"))
    with app.test_request_context():
        drawings = app.jinja_env.get_template("verify/gauge.html").make_module()
        assert "Score 49.9 of 100, threshold 50.0" in drawings.gauge(49.97, 50.0, False)


def rows_of(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_table_holds_the_filtered_attempts_oldest_first(operator: Visitor, five) -> None:
    answer = operator.get("/attempts.csv?person=ada&kind=verify")

    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="attempts.csv"'
    first, second = rows_of(answer)
    assert first["time_utc"] == "2026-03-01T12:59:59Z"
    assert first["outcome"] == "match"
    assert first["person"] == "ada"
    assert first["asked_by"] == OPERATOR
    assert first["complaints"] == "blurred"
    assert (second["outcome"], second["similarity"]) == ("no match", "-0.2")
    expected = active_model().engine.calibration.score(0.95)
    assert float(first["score"]) == pytest.approx(expected, abs=0.01)


def test_no_cell_is_taken_for_a_formula(operator: Visitor, five) -> None:
    rows = rows_of(operator.get("/attempts.csv"))

    people = [row["person"] for row in rows]
    assert f"'{FORMULA}" in people
    texts = [row[name] for row in rows for name in ("person", "asked_by", "model", "rule")]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]


def test_the_table_comes_in_pieces(operator: Visitor, five) -> None:
    answer = operator.get("/attempts.csv", buffered=False)

    assert answer.is_streamed
    assert len(list(answer.iter_encoded())) == 6


def test_a_row_leads_to_the_attempt_and_to_the_person(operator: Visitor, five) -> None:
    page = operator.get("/attempts?person=ada&kind=verify&result=match").text
    (attempt_path,) = re.findall(r'href="(/attempts/[0-9a-f-]{36})"', page)
    (person_path,) = re.findall(r'href="(/people/[0-9a-f-]{36})"', page)

    shown = operator.get(attempt_path)

    assert "Ada Lovelace (ada)" in words(shown)
    assert f'href="{person_path}"' in shown.text
    for said in ("Best picture", "The face is blurred", OPERATOR, "123 ms", "1 Mar 2026, 12:59"):
        assert said in words(shown)


def test_an_attempt_without_a_person_by_a_removed_model_and_rule_is_shown(
    app: Flask, operator: Visitor
) -> None:
    with unit_of_work() as session:
        session.add(attempt(None, 5, model_id="gone-00000000", rule="median", match=False))
    (path,) = re.findall(r'href="(/attempts/[0-9a-f-]{36})"', operator.get("/attempts").text)

    shown = operator.get(path)

    assert shown.status_code == 200
    assert "median" in words(shown)
    assert "nobody signed in" in words(shown)


def test_an_unknown_attempt_has_no_page(operator: Visitor) -> None:
    assert operator.get(f"/attempts/{UUID(int=0)}").status_code == 404


def test_the_table_asks_the_database_once_for_all_people(
    app: Flask, operator: Visitor, five
) -> None:
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *facts: statements.append(facts[2]))

    operator.get("/attempts.csv")

    assert len([one for one in statements if "FROM person" in one]) == 0
