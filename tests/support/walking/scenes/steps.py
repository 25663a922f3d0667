"""Steps that several scenes share."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from werkzeug.test import TestResponse

import ml
from tests.support.fake_engine import face_errors, picture
from tests.support.past import past_attempt
from tests.support.walking.walker import Reader, Site
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import (
    Account,
    ChallengeResult,
    FailureCount,
    Kind,
    Outcome,
    Purpose,
    Role,
)
from webapp.db.transactions import unit_of_work
from webapp.inference.face_slots import face_slots
from webapp.messages import CHALLENGE_STEPS
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.setting import Liveness

MANY = 27
NO_PICTURE = b"no picture"


REFUSED, ACCEPTED = -0.05, 0.05


def picture_errors() -> list[tuple[str, dict[str, object]]]:
    facts = {
        "unsupported_format": {"format": "GIF"},
        "too_many_bytes": {"limit_bytes": 32_000_000},
        "too_many_pixels": {"limit_pixels": 50_000_000},
    }
    codes = [(code, facts.get(code, {})) for code in face_errors()]
    return [*codes, ("unsupported_format", {"format": "HEIC"}), ("unsupported_format", {})]


def photo_files(*pictures: bytes) -> dict[str, list[bytes]]:
    return {"images": list(pictures)}


def frame_files(*pictures: bytes) -> dict[str, list[bytes]]:
    return {"frames": list(pictures)}


def operator_account() -> Any:
    return db.session.scalar(select(Account.id).where(Account.role == Role.OPERATOR))


def require_challenges(setting: Liveness) -> None:
    """Require liveness checks by a setting."""
    liveness.change(setting, "a reason", SERVER, confirmed=True)


@contextmanager
def full_queue(site: Site) -> Any:
    """Keep all face slots busy while the context lasts."""
    turns = face_slots()
    left, turns.free_places = turns.free_places, 0
    try:
        yield
    finally:
        turns.free_places = left


def forget_failures() -> None:
    with unit_of_work() as session:
        session.execute(delete(FailureCount))


def message_of(answer: TestResponse, status: int, *, words: bool = True) -> Any:
    """Return the response to a script: its status, and the text for the user."""
    shown = json.loads(answer.text)
    assert shown.get("refused", answer.status_code) == status, answer.text
    assert bool(shown["message"]) or not words, shown
    assert "%" not in shown["message"].replace(" %", ""), shown
    return shown


def send_frame(reader: Reader, token: str, number: int, frame: bytes) -> Any:
    fields = {"challenge": token, "number": str(number)}
    return message_of(reader.post("/challenges/frames", {"frame": [frame]}, **fields), 200)


def perform(
    reader: Reader, identifier: str, frame: bytes = picture(), *, enrolment: bool = False
) -> str:
    """Perform a challenge to its end; return its token."""
    path = "/challenges/enrolment" if enrolment else "/challenges"
    asked = message_of(reader.post(path, identifier=identifier), 200)
    token, number = asked["challenge"], 1
    while asked["instruction"] != "done":
        assert asked["instruction"] in CHALLENGE_STEPS
        asked = send_frame(reader, token, number, frame)
        number += 1
    return str(token)


def store_attempt(site: Site, person: Any, *, match: bool, kind: Kind = Kind.VERIFY) -> Any:
    attempt_id = uuid4()
    with unit_of_work() as session:
        session.add(
            past_attempt(
                id=attempt_id,
                kind=kind,
                match=match,
                person_id=person,
                similarity=ACCEPTED if match else REFUSED,
            )
        )
    return attempt_id


def result_of(outcome: Outcome, **values: Any) -> ChallengeResult:
    usual = {
        "purpose": Purpose.VERIFY,
        "strength": "normal",
        "steps": list(ml.STEPS),
        "reasons": [],
        "cues": {},
        "frames": 12,
        "seconds": 4.5,
    }
    return ChallengeResult(outcome=outcome, **usual | values)
