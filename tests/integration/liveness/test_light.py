"""Challenges with light."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import select

from ml.liveness.colour_reflection import COLOURS
from tests.support import performing
from tests.support.installation import Visitor, words, written_down
from tests.support.performing import FRAME_SECONDS, HOLDER, clock_at, drawn, perform
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import ChallengeResult, ChallengeScope
from webapp.errors.liveness import ChallengeFailed
from webapp.services.liveness import challenges, setting
from webapp.services.liveness.setting import Liveness
from webapp.services.matching.verification import verify_by_challenge
from webapp.settings import Settings

pytestmark = pytest.mark.real_faces


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings by which every challenge is the same."""
    return performing.always_alike(settings)


@pytest.fixture
def ada(app: Flask, enrol):
    setting.change(
        Liveness(ChallengeScope.ENROLMENT, "gentle", light=True), "films were shown", SERVER
    )
    return enrol("ada")


def newest_result() -> ChallengeResult:
    db.session.rollback()
    return db.session.scalar(select(ChallengeResult).order_by(ChallengeResult.created_at.desc()))


def test_a_face_that_reflects_the_colours_is_compared(app: Flask, engine, ada) -> None:
    assert verify_by_challenge(perform(performing.lit(engine)), HOLDER, "ada", SERVER).match

    assert newest_result().cues["light"] > 0.8


def test_a_head_that_moves_well_in_other_light_fails_and_only_operators_know_why(
    app: Flask, engine, ada, operator: Visitor
) -> None:
    with pytest.raises(ChallengeFailed):
        verify_by_challenge(perform(performing.live(engine)), HOLDER, "ada", SERVER)

    assert newest_result().reasons == ["no_light"]
    page = words(operator.get(f"/attempts/movements/{newest_result().id}"))
    assert "did not reflect the colours" in page


def test_without_the_setting_light_is_neither_shown_nor_required(app: Flask, engine, ada) -> None:
    setting.change(
        Liveness(ChallengeScope.ENROLMENT, "gentle"), "it troubled people", SERVER, confirmed=True
    )
    begun = challenges.begin("ada", HOLDER, SERVER)

    assert begun.asked.light is None
    assert drawn(begun.id).light == ()
    assert verify_by_challenge(perform(performing.live(engine)), HOLDER, "ada", SERVER).match


def test_colours_are_revealed_one_by_one_and_stored_encrypted(
    app: Flask, settings: Settings, engine, ada
) -> None:
    performer, begun = performing.lit(engine), challenges.begin("ada", HOLDER, SERVER)
    asked, reported = begun.asked, [begun.asked.light]
    performer.prompt(None, 0.0)
    for number in range(1, 8):
        at = number * FRAME_SECONDS
        with clock_at(begun.id, at):
            asked = challenges.see(begun.id, HOLDER, asked.frame, performer.frame(at), SERVER)
        reported.append(asked.light)

    order = drawn(begun.id).light
    db.session.rollback()
    assert reported == [order[number // 2] for number in range(8)]
    stored = written_down(settings)
    assert not any(colour.encode() in stored for colour in COLOURS)


def test_the_page_receives_the_current_colour_alone(app: Flask, ada, anybody: Visitor) -> None:
    answer = anybody.post("/challenges", identifier="ada")

    assert answer.json["light"] in COLOURS
    assert sum(json.dumps(answer.json).count(colour) for colour in COLOURS) == 1


@pytest.mark.parametrize("path", ["/verify", "/people/new"])
def test_the_page_warns_of_light_and_waits_for_the_user(
    app: Flask, ada, operator: Visitor, path: str
) -> None:
    warned = operator.get(path).text
    setting.change(
        Liveness(ChallengeScope.ENROLMENT, "gentle"), "it troubled people", SERVER, confirmed=True
    )
    plain = operator.get(path).text

    assert 'aria-describedby="light-warning"' in warned
    assert "three times a second at most" in warned
    assert "data-autostart" not in warned
    assert "light-warning" not in plain


def test_an_alternative_to_flashing_light_is_offered(app: Flask, ada, anybody: Visitor) -> None:
    page = words(anybody.get("/verify"))

    assert "changing light troubles you" in page
    assert "someone can check you in person instead" in page
