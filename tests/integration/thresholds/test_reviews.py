"""A review is a page of its own: reloading it or going back to it sends nothing."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import ChallengeScope, ThresholdChange
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import setting
from webapp.services.liveness.setting import Liveness

SEE_OTHER = 303
REVIEWED = "Review the change"
FORMS = {
    "/threshold": {"score": "57.5", "rule": "best"},
    "/threshold/search": {"percent": "0.5", "margin": "7.0"},
    "/people/{ada}/threshold": {"points": "3.5"},
    "/liveness": {"guarded": "nothing", "strength": "normal", "allowed": ["turn_left", "turn_up"]},
}
REASON = "it’s strict & <plain>"


@pytest.fixture
def ada(app: Flask, known_faces) -> str:
    setting.change(Liveness(ChallengeScope.VERIFICATION), "guarded", SERVER)
    return str(store.enrol(NewPerson("ada", "Ada", True), known_faces[0], SERVER))


def _send(visitor: Visitor, path: str, **fields: str | list[str]) -> str:
    """Send a form of a page; returns where the answer leads."""
    page = visitor.get(path).text
    based_on = re.search(r'name="based_on" value="(\d+)"', page).group(1)
    token = visitor.token()
    with visitor.client.application.app_context():
        answer = visitor.client.post(
            path, data={"csrf_token": token, "based_on": based_on, "reason": REASON, **fields}
        )
    assert answer.status_code == SEE_OTHER
    return answer.location


def _changes() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ThresholdChange))


@pytest.mark.parametrize("path", FORMS)
def test_a_review_can_be_reloaded_and_keeps_its_input(path: str, admin: Visitor, ada: str) -> None:
    path, fields = path.format(ada=ada), FORMS[path]
    review = {} if path == "/liveness" else {"review": "y"}
    address = _send(admin, path, **fields, **review)
    before = rows_stored() | {"audit_event": 0}

    for _ in range(2):
        page = admin.get(address)
        assert page.status_code == 200
        assert REVIEWED in words(page)
        assert f'value="{html.escape(REASON, quote=False)}"' in page.text.replace("&#39;", "'")
        for name, value in MultiDict(fields).items(multi=True):
            assert f'name="{name}" value="{value}"' in page.text
    assert rows_stored() | {"audit_event": 0} == before


@pytest.mark.parametrize("path", FORMS)
def test_an_address_without_a_change_leads_back(path: str, admin: Visitor, ada: str) -> None:
    path = path.format(ada=ada)
    for query in ("", "?score=200&percent=900&points=1000&guarded=x&reason=y&based_on=0"):
        answer = admin.get(f"{path}/review{query}")
        assert answer.status_code == 302
        assert answer.location.partition("?")[0] == path


def test_a_review_based_on_an_old_setting_leads_back(admin: Visitor, ada: str) -> None:
    address = _send(admin, "/threshold", score="57.5", rule="best", review="y")
    other = _send(admin, "/threshold", score="56", rule="best", review="y")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', admin.get(other).text))
    admin.post("/threshold", **fields | {"reason": "first"})
    assert _changes() == 1

    answer = admin.get(address)

    assert answer.location == "/threshold?score=57.5"
    page = admin.get(answer.location)
    assert "Somebody changed the threshold" in words(page)


def test_a_wrong_word_is_reported_on_the_review_and_nothing_changes(
    admin: Visitor, ada: str
) -> None:
    address = _send(admin, "/threshold", score="0", rule="best", review="y")
    assert "Type the word “dangerous”." not in words(admin.get(address))

    again = _send(admin, "/threshold", score="0", rule="best", confirmation="something")

    page = admin.get(again)
    assert "Type the word “dangerous”." in words(page)
    assert 'aria-invalid="true"' in page.text
    assert _changes() == 0
    confirmed = admin.post(
        "/threshold",
        score="0",
        rule="best",
        reason="open",
        confirmation="dangerous",
        based_on=re.search(r'name="based_on" value="(\d+)"', page.text).group(1),
    )
    assert confirmed.location == "/threshold"
    assert _changes() == 1


def test_a_review_is_for_administrators_alone(operator: Visitor, ada: str) -> None:
    for path in FORMS:
        assert operator.get(f"{path.format(ada=ada)}/review").status_code == 403
