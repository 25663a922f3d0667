"""The states of every page. A scene walks through some of them; add one for each new state.

Each scene starts with an installation of its own: an administrator, an operator and a viewer;
nobody enrolled, liveness checks off. `site.admin.see(path)` opens a page, `send` sends a form.
Both follow redirects, expect the status 200 by default, and check the response.
"""

from __future__ import annotations

import ast
import io
import json
import re
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests
from werkzeug.test import TestResponse

import ml
from tests.support.fake_engine import face_errors, picture
from tests.support.installation import OPERATOR, PASSWORD
from tests.support.walking.walker import UNFILLED, Reader, Site
from webapp.core.actor import SERVER, Actor
from webapp.db.damage import damage_watch
from webapp.db.engine import db
from webapp.db.models import (
    Account,
    Anchor,
    AnchorEmbedding,
    ApiKey,
    Attempt,
    ChallengeResult,
    ChallengeScope,
    FailureCount,
    Job,
    JobState,
    Kind,
    ModelChange,
    Outcome,
    Person,
    Purpose,
    Refusal,
    Role,
    Scope,
    now,
)
from webapp.db.transactions import unit_of_work
from webapp.errors.matching import Busy, GalleryLoading
from webapp.errors.thresholds import Danger
from webapp.inference.active_model import active_model
from webapp.inference.face_slots import face_slots
from webapp.messages import (
    CHALLENGE_HINTS,
    CHALLENGE_REASONS,
    CHALLENGE_STEPS,
    INSTRUCTIONS,
    PICTURE_PROBLEMS,
    PROBLEMS_FOR_PROGRAMS,
    REQUEST_PROBLEMS,
    WAIVER_WORDS,
    WARNINGS,
    all_codes,
    describe,
    describe_to_program,
    in_place,
)
from webapp.services import audit
from webapp.services.accounts import api_keys, two_factor
from webapp.services.accounts.api_keys import NewKey
from webapp.services.enrolment import store as enrolment
from webapp.services.liveness import challenges as challenge_service
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.challenges import CHALLENGE_LIMITS
from webapp.services.liveness.results import LABELS
from webapp.services.liveness.setting import Liveness
from webapp.services.matching import claimed_identity
from webapp.services.people import similar_people
from webapp.services.thresholds import dangers, local_population
from webapp.startup.prepare import prepare
from webapp.web.wording import dangers as danger_words

Scene = Callable[[Site], None]
SCENES: dict[str, Scene] = {}
MANY = 27
NO_PICTURE = b"no picture"
REFUSED, ACCEPTED = 0.5, 0.99
# Functions of the audit log that record an event in a transaction of their own.
ALONE = ("record_now", "record_read", "entry_of_read")


def scene(walk: Scene) -> Scene:
    """Register a walk under a name, so that it runs in every language."""
    SCENES[walk.__name__] = walk
    return walk


# Before anybody is enrolled


@scene
def set_up(site: Site) -> None:
    with unit_of_work() as session:
        session.execute(delete(Account))
    token, visitor = prepare(), site.anybody
    visitor.see("/")
    visitor.see(f"/setup/{token}")
    visitor.see("/setup/another", 404)
    form = {"username": "boss", "password": "a long sentence", "confirm": "a long sentence"}
    for wrong in (
        {"username": ""},
        {"username": "a\x07b"},
        {"password": "short", "confirm": "short"},
        {"password": "password1234", "confirm": "password1234"},
        {"confirm": "another"},
    ):
        visitor.send(f"/setup/{token}", 200, **form | wrong)
    visitor.send(f"/setup/{token}", **form)
    visitor.see(f"/setup/{token}")


@scene
def start_page(site: Site) -> None:
    for reader in (site.anybody, site.viewer, site.operator, site.admin):
        reader.see("/")
    site.enrol()
    site.operator.see("/")


@scene
def signing_in(site: Site) -> None:
    visitor = site.anybody
    visitor.see("/sign-in")
    visitor.see("/people")
    visitor.send("/sign-in", 200, username="", password="")
    visitor.send("/sign-in", 200, username="x" * 300, password="x" * 3000)
    visitor.send("/sign-in", 200, username=OPERATOR, password="not the password")
    visitor.see("/sign-in/code")
    for _ in range(6):
        visitor.send("/sign-in", 200, username="nobody", password="not the password")
    visitor.send("/sign-in", username=OPERATOR, password=PASSWORD)
    visitor.send("/sign-out")
    for _ in range(2):
        visitor.send("/sign-in", 200, username=OPERATOR, password="not the password")
    visitor.send("/sign-in", username=OPERATOR, password=PASSWORD)
    visitor.see("/sign-in?next=/people")


@scene
def led_to_sign_in_and_to_codes(site: Site) -> None:
    operator, nothing = site.operator, uuid4()
    operator.send(f"/people/{nothing}/delete", 404)
    operator.send(f"/people/{site.enrol()}/anchors/{nothing}/delete", 404)
    operator.see("/account/password")
    site.change(verify_requires_sign_in=True, second_factor_required=True)
    site.anybody.see("/verify")
    operator.see("/people")


@scene
def account(site: Site) -> None:
    operator, account_id = site.operator, _account_id()
    operator.see("/account")
    operator.see("/account/second-factor")
    secret = two_factor.new_secret()
    fields = {"secret": secret, "code": pyotp.TOTP(secret).now(), "current": PASSWORD}
    for wrong in ({"code": "000000"}, {"code": ""}, {"current": "not the password"}):
        operator.send("/account/second-factor", 200, **fields | wrong)
    operator.send("/account/second-factor", **fields)
    for left in (MANY, 2, 1, 0):
        with patch.object(two_factor, "recovery_codes_left", lambda _id, left=left: left):
            operator.see("/account")
    visitor = site.anybody
    visitor.send("/sign-in", username=OPERATOR, password=PASSWORD)
    visitor.send("/sign-in/code", 200, code="")
    visitor.send("/sign-in/code", 200, code="000000")
    operator.send("/account/second-factor/off", 200, **{"off-current": "not the password"})
    operator.send("/account/second-factor/off", **{"off-current": PASSWORD})
    visitor.see("/sign-in/code")
    elsewhere = site.operator
    chosen = re.search(r'name="sessions-chosen" value="([^"]+)"', operator.see("/account").text)[1]
    for wrong in ({}, {"sessions-chosen": chosen, "sessions-current": "wrong"}):
        operator.send("/account/sessions/end", 200, **wrong)
    right = {"sessions-chosen": chosen, "sessions-current": PASSWORD}
    operator.send("/account/sessions/end", **right)
    elsewhere.see("/account")
    two_factor.recovery_codes_left(account_id)
    change = {"current": PASSWORD, "password": "another sentence", "confirm": "another sentence"}
    for wrong in (
        {"current": "wrong"},
        {"confirm": "differs"},
        {"password": "short", "confirm": "short"},
        {"password": "password1234", "confirm": "password1234"},
        {"password": ""},
    ):
        operator.send("/account/password", 200, **change | wrong)
    operator.send("/account/password", **change)
    site.admin.see("/account")
    viewer = site.viewer
    viewer.see("/account")
    viewer.send("/account/sign-out-everywhere")


@scene
def privacy(site: Site) -> None:
    site.anybody.see("/privacy")
    for days in (1, 2, 365):
        site.change(
            retention_days=days, controller="A company", contact="a@b.example", purpose="A door"
        )
        site.anybody.see("/privacy")


# Enrolment


@scene
def enrolling(site: Site) -> None:
    operator = site.operator
    form = {"identifier": "grace", "name": "Grace", "consent": "y"}
    operator.see("/people/new")
    operator.send("/people/new", 200)
    for wrong in (
        {"identifier": ""},
        {"identifier": "x" * 99},
        {"identifier": "a\x07b"},
        {"name": " "},
        {"consent": ""},
    ):
        operator.send("/people/new", 200, _images(picture()), **form | wrong)
    operator.send("/people/new", 200, _images(*[picture(0, n) for n in range(12)]), **form)
    for code, details in _picture_errors():
        bad = picture(error=code, details=details)
        operator.send("/people/new", 200, _images(bad), **form)
    operator.send("/people/new", 200, _images(picture(), NO_PICTURE, b"{"), **form)
    operator.send("/people/new", 200, _images(picture(0), picture(5)), **form)
    site.enrol(1)
    operator.send("/people/new", 200, _images(picture(0, 1, like=1)), **form)
    operator.send(
        "/people/new", 200, _images(picture(0, 1, like=1), picture(3), NO_PICTURE), **form
    )
    operator.send("/people/new", 200, _images(picture(0)), **form | {"identifier": "person-1"})
    with _no_turns(site):
        operator.send("/people/new", 200, _images(picture()), **form)
    operator.send("/people/new", 200, _images(picture()), **form)


@scene
def enrolling_with_movements(site: Site) -> None:
    _guard(Liveness(ChallengeScope.ENROLMENT, light=True))
    operator = site.operator
    form = {"identifier": "grace", "name": "Grace", "consent": "y"}
    operator.see("/people/new")
    operator.send("/people/new", 200, _images(picture()), **form)
    operator.send("/people/new", 200, _images(picture()), **form, challenge="forged")
    passed = _perform(operator, "grace", enrolment=True)
    answer = operator.post("/challenges/passed", challenge=passed, identifier="grace")
    assert answer.json == {"passed": True}
    operator.send("/people/new", 200, _images(picture(7)), **form, challenge=passed)
    operator.send("/people/new", 200, _images(picture()), **form, challenge=passed)
    waived = form | {"identifier": "ada", "waiver": "cannot_move"}
    operator.send("/people/new", 200, _images(picture(3)), **waived)
    person = db.session.scalar(select(Person.id).where(Person.identifier == "grace"))
    operator.see(f"/people/{person}")
    operator.send(f"/people/{person}/anchors", 200, _images(picture(0, 1)))
    _told(operator.post("/challenges/passed", challenge=passed, identifier=""), 422)


# People


@scene
def people_listed(site: Site) -> None:
    operator = site.operator
    operator.see("/people")
    for number in range(MANY):
        site.enrol(number)
        if number < 2 or number == MANY - 1:
            operator.see("/people")
    operator.see("/people?page=2")
    operator.see("/people?q=nobody&sort=pictures_down")
    operator.see("/people?q=name+1&sort=identifier")


@scene
def one_person(site: Site) -> None:
    person, operator, admin = site.enrol(pictures=1), site.operator, site.admin
    path = f"/people/{person}"
    operator.see(path)
    operator.send(f"{path}/anchors", 200)
    operator.send(f"{path}/anchors", 200, _images(NO_PICTURE, picture(0, 4)))
    operator.send(f"{path}/anchors", 200, _images(picture(5, 1), picture(6, 2)))
    with _no_turns(site):
        operator.send(f"{path}/anchors", 200, _images(picture(0, 1)))
    operator.send(f"{path}/anchors", 200, _images(picture(0, 1)))
    first, second = db.session.scalars(select(Anchor.id).order_by(Anchor.created_at))
    operator.see(f"{path}?retake={first}")
    operator.send(f"{path}/anchors/{first}/retire")
    operator.send(f"{path}/anchors/{second}/retire")
    operator.send(f"{path}/anchors/{second}/delete")
    operator.send(f"{path}/anchors/{first}/restore")
    operator.send(f"{path}/anchors", 200, _images(picture(0, 2)), in_place_of=str(first))
    operator.send(f"{path}/anchors/{first}/delete")
    site.change(anchors_a_person=2)
    operator.send(f"{path}/anchors", 200, _images(picture(0, 6), picture(0, 7)))
    for reason in INSTRUCTIONS:
        if reason in PICTURE_PROBLEMS:
            with unit_of_work() as session:
                session.execute(update(Anchor).values(quality={"reasons": [reason], "face_px": 9}))
            operator.see(path)
    operator.send(f"{path}/link")
    site.change(own_link_days=1)
    operator.send(f"{path}/link")
    operator.post(f"{path}/export")
    admin.see(path)
    operator.send(f"{path}/delete")
    operator.see(path, 404)


@scene
def doubtful_people(site: Site) -> None:
    operator = site.operator
    first = site.enrol(0, pictures=2)
    second = site.enrol(1, pictures=2, like=0)
    third = site.enrol(2)
    for person in (first, second):
        operator.see(f"/people/{person}")
    faces = [site.analysed(picture(8)), site.analysed(picture(9))]
    enrolment.add_anchors(third, faces, SERVER)
    operator.see(f"/people/{third}")
    site.admin.see("/threshold/pairs")


@scene
def consent_and_failures(site: Site) -> None:
    person, operator, admin = site.enrol(), site.operator, site.admin
    path = f"/people/{person}"
    site.change(retention_days=30, warning_days=30)
    operator.see(path)
    operator.send(f"{path}/consent")
    site.change(retention_days=3650, warning_days=1)
    operator.see(path)
    digest, failures = claimed_identity.claim_digest("person-0"), 0
    for wanted in (1, 2, 50):
        with unit_of_work() as session:
            for _ in range(wanted - failures):
                claimed_identity.count_failure(session, digest, None, liveness.in_force(), SERVER)
        failures = wanted
        admin.see(path)
        operator.see(path)
    site.anybody.send("/verify", 200, _frames(picture()), identifier="person-0")
    admin.send(f"{path}/allow")


@scene
def own_page(site: Site) -> None:
    def new_link(person_id: Any) -> str:
        link = site.operator.send(f"/people/{person_id}/link").text
        return re.search(rf"http://localhost({site.prefix}/own/[^<\s]+)", link).group(1)

    for person, pictures in ((0, 1), (1, 3)):
        person_id = site.enrol(person, pictures=pictures)
        path = new_link(person_id)
        visitor = site.anybody
        visitor.see(path)
        site.change(retention_days=30)
        visitor.see(path)
    visitor.see("/own/forged", 404)
    site.operator.see(f"/people/{person_id}")
    site.operator.send(f"/people/{person_id}/link/end")
    path = new_link(person_id)
    visitor.send(f"{path}/withdraw")
    visitor.see(path, 404)


# Verification


@scene
def verifying(site: Site) -> None:
    visitor, operator = site.anybody, site.operator
    visitor.see("/verify")
    visitor.see("/verify?identifier=ada")
    visitor.send("/verify", 200)
    visitor.send("/verify", 200, _frames(picture()), identifier="person-0")
    site.enrol(pictures=2)
    for code, details in _picture_errors():
        bad = picture(error=code, details=details)
        visitor.send("/verify", 200, _frames(bad), identifier="person-0")
    bursts = (
        (picture(),),
        (picture(), picture(0, 1), picture(0, 2)),
        (picture(), picture(0, 1, reasons=["blurred"])),
        (picture(), picture(0, 1), picture(0, 2, reasons=["blurred"])),
    )
    for reader in (visitor, operator):
        for burst in bursts:
            reader.send("/verify", 200, _frames(*burst), identifier="person-0")
        reader.send("/verify", 200, _frames(picture(5)), identifier="person-0")
        reader.send("/verify", 200, _frames(picture(5)), identifier="nobody")
        for reason in INSTRUCTIONS:
            if reason in PICTURE_PROBLEMS:
                _forget_failures()
                bad = picture(5, reasons=[reason])
                reader.send("/verify", 200, _frames(bad), identifier="person-0")
    visitor.send("/verify", 200, _frames(*[picture(0, n) for n in range(9)]), identifier="person-0")
    for _ in range(6):
        refused = visitor.post("/verify", _frames(picture(5)), identifier="person-0")
    again = re.search(r'name="again" value="([^"]+)"', refused.text).group(1)
    visitor.see(f"/verify?again={again}")
    visitor.see(f"/verify?again={uuid4()}")
    visitor.see(f"/verify/result/{uuid4()}", 410)
    visitor.send("/verify", 200, _frames(picture(5)), identifier="person-0")
    _forget_failures()
    with _no_turns(site):
        visitor.send("/verify", 200, _frames(picture()), identifier="person-0")


@scene
def verifying_with_movements(site: Site) -> None:
    site.enrol()
    visitor, operator = site.anybody, site.operator
    for light in (False, True):
        _guard(Liveness(ChallengeScope.VERIFICATION, light=light))
        for reader in (visitor, operator):
            reader.see("/verify")
    _guard(Liveness(ChallengeScope.VERIFICATION))
    visitor.send("/verify", 200, identifier="person-0")
    visitor.send("/verify", 200, identifier="person-0", challenge="forged")
    for reader in (visitor, operator):
        passed = _perform(reader, "person-0")
        reader.send("/verify", 200, identifier="person-0", challenge=passed)
        reader.send("/verify", 200, identifier="person-0", challenge=passed)
        other = _perform(reader, "person-0", picture(9))
        reader.send("/verify", 200, identifier="person-0", challenge=other)
    failed = _perform(visitor, "person-0", picture(0, failed=True))
    visitor.send("/verify", 200, identifier="person-0", challenge=failed)
    late = _perform(visitor, "person-0")
    with unit_of_work() as session:
        over = now() - timedelta(seconds=1)
        session.execute(update(challenge_service.Challenge).values(expires_at=over))
    visitor.send("/verify", 200, identifier="person-0", challenge=late)
    path = "/verify/without-movements"
    operator.see(path)
    operator.send(path, 200, _frames(picture()), identifier="person-0", waiver="")
    operator.send(path, 200, _frames(NO_PICTURE), identifier="person-0", waiver="other")
    for waiver in WAIVER_WORDS:
        operator.send(path, 200, _frames(picture()), identifier="person-0", waiver=waiver)
    operator.see("/attempts/movements")
    _guard(Liveness())
    operator.see(path)


@scene
def before_the_camera(site: Site) -> None:
    """The texts for scripts, as JSON."""
    site.enrol()
    _guard(Liveness(ChallengeScope.ENROLMENT))
    visitor = site.operator
    for purpose in ("guide", "picture"):
        frames = [picture(reasons=[reason]) for reason in INSTRUCTIONS if reason != "good"]
        frames += [picture(error=code, details=facts) for code, facts in _picture_errors()]
        frames += [picture(faces=0), picture(faces=0, dark=True), picture(faces=2, rivals=1)]
        for frame in frames:
            answer = visitor.post("/camera/check", {"frame": [frame]}, purpose=purpose)
            _told(answer, 200, words=not (purpose == "picture" and answer.json["ok"]))
    _told(visitor.post("/challenges", identifier=""), 422)
    for movement in ml.STEPS:
        allowed = (movement, next(step for step in ml.STEPS if step != movement))
        _guard(Liveness(ChallengeScope.ENROLMENT, allowed=allowed))
        _perform(visitor, "person-0")
    begun = _told(visitor.post("/challenges", identifier="person-0"), 200)
    hints = [*CHALLENGE_HINTS, *INSTRUCTIONS]
    for number, hint in enumerate(hints, 1):
        with patch.object(
            challenge_service, "CHALLENGE_LIMITS", replace(CHALLENGE_LIMITS, frames=999)
        ):
            seen = _frame(visitor, begun["challenge"], number, picture(hint=hint))
        assert seen["hint"] == hint
    out_of_order = {"challenge": begun["challenge"], "number": "999"}
    _told(visitor.post("/challenges/frames", {"frame": [picture()]}, **out_of_order), 409)
    forged = {"challenge": "forged", "number": "1"}
    _told(visitor.post("/challenges/frames", {"frame": [picture()]}, **forged), 404)
    with unit_of_work() as session:
        over = now() - timedelta(seconds=1)
        session.execute(update(challenge_service.Challenge).values(expires_at=over))
    late = {"challenge": begun["challenge"], "number": str(len(hints) + 1)}
    _told(visitor.post("/challenges/frames", {"frame": [picture()]}, **late), 410)
    for _ in range(11):
        with unit_of_work() as session:
            digest = claimed_identity.claim_digest("person-0")
            claimed_identity.count_failure(session, digest, None, liveness.in_force(), SERVER)
    _told(visitor.post("/challenges", identifier="person-0"), 429)
    _guard(Liveness())
    _told(visitor.post("/challenges", identifier="person-1"), 409)


@scene
def identifying(site: Site) -> None:
    operator = site.operator
    operator.see("/identify")
    operator.send("/identify", 200)
    operator.send("/identify", 200, _frames(picture()))
    for person in range(3):
        site.enrol(person)
    operator.send("/identify", 200, _frames(NO_PICTURE))
    operator.see(f"/identify/result/{uuid4()}", 410)
    for frames in (
        (picture(),),
        (picture(), picture(0, 1)),
        (picture(7),),
        (picture(7, reasons=["too_dark"]),),
        (picture(0, reasons=["blurred"]), picture(0, 1)),
    ):
        operator.send("/identify", 200, _frames(*frames))
    site.enrol(8, like=0)
    operator.send("/identify", 200, _frames(picture(9, like=0)))
    operator.send("/identify", 200, _frames(picture(0)))


# Attempts, keys and the audit log


@scene
def attempts(site: Site) -> None:
    operator, viewer = site.operator, site.viewer
    operator.see("/attempts")
    operator.see("/attempts?person=nobody")
    person = site.enrol()
    for number in range(MANY):
        _attempt(
            site, person, match=bool(number % 3), kind=Kind(("verify", "identify")[number % 2])
        )
        if number < 2:
            operator.see("/attempts")
            for days in (7, 30, 90, 365):
                viewer.see(f"/dashboard?days={days}")
    operator.see("/attempts?page=2")
    operator.see("/attempts?result=match&kind=verify&since=2020-01-01&until=2999-01-01")
    operator.see("/attempts?result=wrong&kind=wrong&since=yesterday&until=9999-12-31")
    operator.see("/attempts?since=2999-01-01")
    operator.see("/attempts.csv")
    operator.see(f"/people/{person}")
    _attempt(site, None, match=False, kind=Kind.VERIFY)
    with unit_of_work() as session:
        session.execute(update(Attempt).where(Attempt.match).values(reasons=["blurred", "tilted"]))
    for attempt_id in db.session.scalars(select(Attempt.id)).all():
        operator.see(f"/attempts/{attempt_id}")
    operator.see("/attempts")
    viewer.see("/dashboard")
    operator.see(f"/attempts/{uuid4()}", 404)
    for reader in (operator, viewer):
        reader.client.set_cookie("faces_zone", "Europe/Paris")
    operator.see("/attempts")
    viewer.see("/dashboard")


@scene
def refusals(site: Site) -> None:
    site.viewer.see("/dashboard")
    for code, _details in _picture_errors():
        with unit_of_work() as session:
            session.add(Refusal(kind=Kind.VERIFY, code=code))
    site.viewer.see("/dashboard")
    site.admin.see("/dashboard?days=7")


@scene
def challenge_results(site: Site) -> None:
    operator, person = site.operator, site.enrol()
    operator.see("/attempts/movements")
    attempt = _attempt(site, person, match=True)
    other = _attempt(site, person, match=False)
    reasons = list(CHALLENGE_REASONS)
    rows = [
        _result(Outcome.PASSED, person_id=person, attempt_id=attempt, cues={"seconds": 3.25}),
        _result(Outcome.FAILED, attempt_id=other, reasons=reasons, label="film"),
        _result(Outcome.FAILED, reasons=["not known yet"], steps=[], purpose=Purpose.ENROL),
        *(_result(Outcome.WAIVED, reasons=[waiver], steps=[]) for waiver in WAIVER_WORDS),
        *(_result(Outcome.PASSED, label=label) for label in LABELS),
        *(_result(Outcome.PASSED, strength=strength) for strength in ml.STRENGTHS),
    ]
    for number, row in enumerate(rows):
        with unit_of_work() as session:
            session.add(row)
        if number < 2:
            operator.see("/attempts/movements")
    ids = db.session.scalars(select(ChallengeResult.id)).all()
    for result_id in ids:
        operator.see(f"/attempts/movements/{result_id}")
    operator.send(f"/attempts/movements/{ids[0]}/label", label="printed")
    operator.see(f"/attempts/movements/{uuid4()}", 404)
    with unit_of_work() as session:
        session.add_all(_result(Outcome.PASSED) for _ in range(MANY))
    operator.see("/attempts/movements?page=2")


@scene
def audit_log(site: Site) -> None:
    admin = site.admin
    admin.see("/audit")
    admin.see("/audit?event=nothing")
    for event in recorded_events():
        audit.record_now(event, SERVER, person=uuid4(), reason=None)
    admin.see("/audit")
    admin.see("/audit?page=2")
    admin.see("/audit?event=signed_in")


@scene
def keys_to_the_api(site: Site) -> None:
    admin = site.admin
    admin.see("/api-keys")
    form = {
        "name": "a program",
        "scopes": ["verify", "read"],
        "days": "30",
        "limit": "10 per minute",
        "current": PASSWORD,
    }
    for wrong in (
        {"name": ""},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"days": "0"},
        {"days": "soon"},
        {"limit": "often"},
        {"limit": ""},
        {"current": "wrong"},
    ):
        admin.send("/api-keys", 200, **form | wrong)
    admin.send("/api-keys", **form)
    for scope in Scope:
        api_keys.create(NewKey(f"for {scope}", [scope], 3, "5 per hour"), Actor(_account_id()))
    admin.see("/api-keys")
    key = db.session.scalar(select(ApiKey.id).where(ApiKey.name == "a program"))
    with unit_of_work() as session:
        session.get_one(ApiKey, key).last_used_at = now()
    admin.see(f"/api-keys/{key}/rotate")
    admin.send(f"/api-keys/{key}/rotate", 200, current="wrong")
    admin.send(f"/api-keys/{key}/rotate", current=PASSWORD)
    admin.send(f"/api-keys/{key}/revoke")
    admin.see(f"/api-keys/{uuid4()}/rotate", 404)
    with unit_of_work() as session:
        session.execute(update(ApiKey).values(expires_at=now() - timedelta(days=1)))
    admin.see("/api-keys")


@scene
def problems_of_programs(site: Site) -> None:
    """The API's problems, in the request's language."""
    secret = api_keys.create(NewKey("a program", list(Scope), 3, "99 per hour"), SERVER).secret
    client = site.anybody.client
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    for path, pictures in (
        ("/api/v1/compare", {"first": NO_PICTURE, "second": picture(error="no_face")}),
        ("/api/v1/verify", {"pictures": picture(error="no_face")}),
        ("/api/v1/people", {}),
        ("/api/v1/nothing", {}),
    ):
        files = {name: (io.BytesIO(data), "a.jpg") for name, data in pictures.items()}
        form = {"identifier": "nobody", **files}
        answer = client.post(path, data=form, content_type="multipart/form-data")
        assert answer.status_code >= 400, path
        assert answer.json["detail"], path


@scene
def words_of_every_code(site: Site) -> None:
    """Each code with its facts; each error of the app has a text."""
    texts = {**PICTURE_PROBLEMS, **REQUEST_PROBLEMS, **WARNINGS, **PROBLEMS_FOR_PROGRAMS}
    names = {name for text in texts.values() for name in re.findall(r"%\((\w+)\)", text)}
    facts = dict.fromkeys(names, "7") | {"limit_bytes": 32_000_000, "limit_pixels": 50_000_000}
    with site.app.test_request_context(headers={"Accept-Language": site.language}):
        for code in (*texts, "unheard of"):
            for said in (describe(code, facts), describe_to_program(code, facts)):
                assert said, code
                assert not UNFILLED.search(said), (code, said)
        for code in all_codes():
            assert all_codes()[code]
        assert in_place(0, "a sentence")
        for code in (dangers.STRANGERS_ACCEPTED, dangers.STRANGERS_FOUND, dangers.PEOPLE_REFUSED):
            for share in (0.02, 0.7, 1.0):
                assert danger_words.sentence(Danger(code, share))


@scene
def reference(site: Site) -> None:
    site.anybody.see("/api/docs")


# Settings


@scene
def threshold(site: Site) -> None:
    admin = site.admin
    admin.see("/threshold")
    for number in range(3):
        site.enrol(number)
        admin.see("/threshold")
    site.enrol(3, pictures=2)
    admin.see("/threshold")
    site.enrol(4, pictures=2)
    for query in ("score=0", "score=100", "calibrate=people"):
        admin.see(f"/threshold?{query}")
    for query in ("score=nan", "score=", "rule=wrong"):
        admin.see(f"/threshold?{query}", 200)
    for rule in ml.match_rules:
        admin.see(f"/threshold?rule={rule}")
    form = {"score": "60", "reason": "a test", "based_on": "0", "rule": "best"}
    admin.send("/threshold", review="y", **form)
    for wrong in (
        {"score": "101"},
        {"score": ""},
        {"reason": ""},
        {"rule": "x"},
        {"based_on": "9"},
    ):
        admin.send("/threshold", 200, **form | wrong)
    admin.send("/threshold", **form)
    for score in ("0", "1", "20", "99"):
        dangerous = form | {"score": score, "based_on": "1"}
        admin.send("/threshold", review="y", **dangerous)
        admin.send("/threshold", 200, **dangerous, confirmation="safe")
    admin.send("/threshold", **dangerous, confirmation=site.danger_word)
    admin.send("/threshold", **form | {"score": "40", "based_on": "2", "rule": "mean"})
    admin.see("/threshold")


@scene
def threshold_among_many(site: Site) -> None:
    admin = site.admin
    for number in range(12):
        site.enrol(number, pictures=2)
    admin.see("/threshold")
    form = {"score": "60", "reason": "a test", "based_on": "0", "rule": "best"}
    admin.send("/threshold", review="y", **form)
    site.enrol(12)
    with patch.object(local_population, "MOST_PEOPLE", 11):
        admin.see("/threshold")
    with patch.object(similar_people, "MOST_ANCHORS", 11):
        admin.see("/threshold/pairs")
    # A goal that twelve people support, then a model that was measured on very few people.
    calibration = active_model().engine
    usual = calibration.calibration
    calibration.calibration = replace(usual, default_far=0.1)
    admin.see("/threshold?calibrate=people")
    admin.see("/threshold?calibrate=people&score=50")
    few = {
        rule: {number: replace(curve, far_supported=0.2) for number, curve in curves.items()}
        for rule, curves in usual.curves.items()
    }
    calibration.calibration = replace(usual, curves=few)
    admin.see("/threshold")


@scene
def what_would_change(site: Site) -> None:
    admin, person = site.admin, site.enrol()
    form = {"score": "60", "reason": "a test", "based_on": "0", "rule": "best", "review": "y"}
    sent = ({"score": "99.9"}, {"score": "0.1"}, {"rule": "mean"})
    for number in range(4):
        for change in sent:
            admin.send("/threshold", **form | change)
        _attempt(site, person if number else None, match=bool(number % 2))
    with unit_of_work() as session:
        session.execute(update(Attempt).values(similarity=0.97, match=True))
    admin.send("/threshold", **form | {"score": "99.9"})
    for number in range(MANY):
        _attempt(site, person, match=bool(number % 2))
    for change in sent:
        admin.send("/threshold", **form | change)
    with unit_of_work() as session:
        session.execute(update(Attempt).values(similarity=0.2, match=False))
    admin.send("/threshold", **form | {"score": "0.1"})


@scene
def pairs(site: Site) -> None:
    admin = site.admin
    admin.see("/threshold/pairs")
    site.enrol(0)
    admin.see("/threshold/pairs")
    site.enrol(1, like=0)
    for misfits in (1, 2):
        person = site.enrol(10 + misfits, pictures=2)
        enrolment.add_anchors(person, [site.analysed(picture(20 + misfits))], SERVER)
        admin.see("/threshold/pairs")


@scene
def threshold_of_one(site: Site) -> None:
    admin, person = site.admin, site.enrol()
    path = f"/people/{person}/threshold"
    _attempt(site, person, match=True)
    admin.see(path)
    admin.see(f"{path}?points=5")
    admin.see(f"/people/{uuid4()}/threshold", 404)
    form = {"points": "10", "reason": "a twin", "based_on": "0"}
    admin.send(path, review="y", **form)
    for wrong in ({"points": "-99"}, {"points": "999"}, {"points": ""}, {"based_on": "7"}):
        admin.send(path, 200, **form | wrong)
    admin.send(path, **form)
    admin.see(path)
    admin.send(path, **form | {"points": "-1.5", "based_on": "1"})
    admin.see(path)
    admin.send(path, **form | {"points": "0", "based_on": "2"})


@scene
def searches(site: Site) -> None:
    admin, path = site.admin, "/threshold/search"
    form = {"percent": "2", "margin": "0", "reason": "a test", "based_on": "0"}
    for person in range(3):
        admin.see(path)
        admin.send(path, review="y", **form)
        site.enrol(person)
    for wrong in ({"percent": "0"}, {"margin": "-1"}, {"percent": "x"}, {"based_on": "4"}):
        admin.send(path, 200, **form | wrong)
    admin.send(path, 200, **form)
    admin.send(path, **form, confirmation=site.danger_word)
    admin.see(path)
    admin.send(path, **form | {"margin": "5", "percent": "0.5", "based_on": "1"})
    _attempt(site, None, match=True, kind=Kind.IDENTIFY)
    admin.send(path, review="y", **form | {"percent": "1", "based_on": "2"})
    admin.see("/threshold")


@scene
def movements(site: Site) -> None:
    admin, path = site.admin, "/liveness"
    admin.see(path)
    form = {
        "guarded": "enrolment",
        "strength": "strict",
        "allowed": ["turn_left", "come_closer"],
        "light": "y",
        "reason": "a test",
        "based_on": "0",
    }
    for wrong in (
        {"guarded": "x"},
        {"strength": "x"},
        {"allowed": ["turn_left"]},
        {"reason": ""},
        {"based_on": "8"},
    ):
        admin.send(path, 200, **form | wrong)
    admin.send(path, **form)
    weaker = [{"strength": "gentle"}, {"light": ""}, {"allowed": ["turn_left", "turn_right"]}]
    weaker += [{"guarded": guarded.value} for guarded in reversed(ChallengeScope)]
    for weaker_setting in ({"allowed": list(ml.STEPS)}, *weaker):
        for confirmation in ("", "safe", site.danger_word):
            db.session.rollback()
            sent = form | weaker_setting | {"based_on": str(liveness.newest_number())}
            review = {"review": "y"} if confirmation else {}
            answer = admin.post(path, confirmation=confirmation, **sent, **review)
            if answer.status_code == 302:
                break
            admin._checked(answer, path, 200)
        admin.see(path)
    admin.see(f"{path}?change=1")
    admin.see(f"{path}?change=1&before=1")


@scene
def models(site: Site) -> None:
    admin = site.admin
    others = [name for name in ml.installed(ml.ARTIFACTS) if name != ml.DEFAULT_MODEL]
    admin.see("/models")
    for name in others:
        admin.see(f"/models/{name}/change")
    person = site.enrol()
    admin.see("/models")
    enrolment.add_anchors(person, [site.analysed(picture(0, 1))], SERVER)
    admin.see("/models")
    for left in (1, 0):
        newest = select(AnchorEmbedding.id).limit(1).offset(left)
        with unit_of_work() as session:
            lost = session.scalars(newest).all()
            session.execute(delete(AnchorEmbedding).where(AnchorEmbedding.id.in_(lost)))
        admin.see("/models")
    admin.send("/models/embed")
    for name in others:
        path, form = f"/models/{name}/change", {"reason": "a better one"}
        admin.see(path)
        admin.send(path, 200)
        admin.send(path, 200, **form, confirmation="safe")
    admin.send(path, 200, **form, licence="y", confirmation=site.danger_word)
    for state, done, total in (
        (JobState.WAITING, 0, 0),
        (JobState.RUNNING, 0, 1),
        (JobState.RUNNING, 1, 2),
        (JobState.FAILED, 1, 2),
        (JobState.DONE, 2, 2),
    ):
        for error in (None, "pictures_unusable", "it broke"):
            with unit_of_work() as session:
                session.execute(
                    update(Job).values(state=state, done=done, total=total, error=error)
                )
            admin.see("/models")
            progress = admin.see(f"/models/{others[-1]}/progress").json
            assert progress["words"]
    admin.see(f"/models/{others[0]}/progress")
    admin.see("/models/unknown/change")


@scene
def models_that_changed(site: Site) -> None:
    model_id = active_model().engine.model_id
    for number, by in ((1, None), (2, _account_id())):
        with unit_of_work() as session:
            row = ModelChange(name=ml.DEFAULT_MODEL, model_id=model_id, created_by_id=by)
            row.number = number
            session.add(row)
        site.admin.see("/models")


@scene
def a_broken_model(site: Site) -> None:
    artifacts = site.settings.instance / "artifacts"
    names = ml.installed(ml.ARTIFACTS)
    for name in names:
        shutil.copytree(ml.ARTIFACTS / name, artifacts / name)
    site.change(artifacts=artifacts)
    broken = next(name for name in names if name != ml.DEFAULT_MODEL)
    (artifacts / broken / "metrics.json").write_text('{"training": {"test_eer": 0.1}}')
    site.admin.see("/models")
    (artifacts / broken / "calibration.json").unlink()
    site.admin.see("/models")
    (artifacts / broken / "config.toml").write_text("no toml")
    site.admin.see("/models")


# Sessions that end


@scene
def sessions_that_end(site: Site) -> None:
    operator = site.operator
    for fields in ({}, {"images": (io.BytesIO(picture()), "photo.jpg")}):
        token = operator.token()
        operator.post("/sign-out")
        form = {"csrf_token": token, "identifier": "kept-1", "name": "Kept", **fields}
        led = operator.client.post("/people/new", data=form).location
        operator.see(led)
        page = operator.send(led, username=OPERATOR, password=PASSWORD)
        assert 'value="kept-1"' in page.text
    operator.see("/people/new")


# Errors


@scene
def errors(site: Site) -> None:
    visitor, operator, viewer = site.anybody, site.operator, site.viewer
    visitor.see("/nothing", 404)
    viewer.see("/people", 403)
    operator.see("/threshold", 403)
    without_token = operator.client.post("/sign-out", data={})
    assert without_token.status_code == 400
    operator._checked(without_token, "/sign-out", 400)
    visitor._checked(visitor.client.post("/privacy"), "/privacy", 405)
    visitor._checked(visitor.client.post("/sign-in", data={"a": "b" * 10**6}), "/sign-in", 413)
    site.change(request_bytes=10)
    form = {"frames": (io.BytesIO(picture()), "a.jpg")}
    visitor._checked(visitor.client.post("/verify", data=form), "/verify", 413)


@scene
def limits(site: Site) -> None:
    site.change(verify_limit="1 per hour", sign_in_limit="1 per minute")
    site.enrol()
    visitor = site.anybody
    for path in ("/verify", "/sign-in"):
        visitor.post(path)
        visitor.send(path, 429)


@scene
def failures_of_the_app(site: Site) -> None:
    def break_down(error: Exception) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            raise error

        return fail

    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    views = site.app.view_functions
    usual = views["privacy.index"]
    for error, status in (
        (RuntimeError("broken"), 500),
        (OperationalError("", {}, Exception("locked")), 503),
        (ml.ModelBroken("a file is missing"), 503),
        (TooManyRequests(), 429),
        (Busy(), 429),
    ):
        views["privacy.index"] = break_down(error)
        views["privacy.index"].access_rule = usual.access_rule
        site.anybody.see("/privacy", status)
    views["privacy.index"] = usual
    admin = site.admin
    damage_watch().found = True
    for reader in (site.anybody, admin):
        reader.see("/verify", 503)


@scene
def still_reading(site: Site) -> None:
    site.enrol()
    visitor = site.anybody
    for seconds in (1, 2, 90):

        def not_yet(*_: object, seconds: int = seconds) -> None:
            raise GalleryLoading(seconds)

        with patch.object(active_model().gallery, "similarities", not_yet):
            visitor.send("/verify", 200, _frames(picture()), identifier="person-0")


@scene
def no_calibration(site: Site) -> None:
    engine = active_model().engine
    folder = site.settings.instance / "empty"
    shutil.copytree(engine.artifact.folder, folder)
    (folder / "calibration.json").unlink()
    admin, person = site.admin, site.enrol()
    engine.__dict__.pop("calibration", None)
    engine.artifact = replace(engine.artifact, folder=folder)
    for path in ("/threshold", "/threshold/search", f"/people/{person}/threshold"):
        admin.see(path, 503)
    other = next(name for name in ml.installed(ml.ARTIFACTS) if name != ml.DEFAULT_MODEL)
    admin.see(f"/models/{other}/change")


# Helpers


def recorded_events() -> set[str]:
    """Return every event that the app writes into its audit log."""
    calls, constants = set(), {}
    for path in Path(audit.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(ast.Name("audit"), "record")):
                    calls.add(ast.unparse(node.args[1]))
                case ast.Call(func=ast.Attribute(ast.Name("audit"), name)) if name in ALONE:
                    calls.add(ast.unparse(node.args[0]))
                case ast.Assign(targets=[target], value=value):
                    constants[ast.unparse(target).strip("()")] = ast.unparse(value).strip("()")
    values: dict[str, str] = {}
    for names, texts in constants.items():
        values |= dict(zip(names.split(", "), texts.split(", "), strict=False))
    named = (call.rpartition(".")[2] if call[0] not in "\"'" else call for call in calls)
    return {ast.literal_eval(values.get(call, call)) for call in named} | audit.OF_ITSELF


def _picture_errors() -> list[tuple[str, dict[str, object]]]:
    facts = {
        "unsupported_format": {"format": "GIF"},
        "too_many_bytes": {"limit_bytes": 32_000_000},
        "too_many_pixels": {"limit_pixels": 50_000_000},
    }
    codes = [(code, facts.get(code, {})) for code in face_errors()]
    return [*codes, ("unsupported_format", {"format": "HEIC"}), ("unsupported_format", {})]


def _images(*pictures: bytes) -> dict[str, list[bytes]]:
    return {"images": list(pictures)}


def _frames(*pictures: bytes) -> dict[str, list[bytes]]:
    return {"frames": list(pictures)}


def _account_id() -> Any:
    return db.session.scalar(select(Account.id).where(Account.role == Role.OPERATOR))


def _guard(setting: Liveness) -> None:
    """Require liveness checks by a setting."""
    liveness.change(setting, "a reason", SERVER, confirmed=True)


@contextmanager
def _no_turns(site: Site) -> Any:
    """Keep all face slots busy while the context lasts."""
    turns = face_slots()
    left, turns.free_places = turns.free_places, 0
    try:
        yield
    finally:
        turns.free_places = left


def _forget_failures() -> None:
    with unit_of_work() as session:
        session.execute(delete(FailureCount))


def _told(answer: TestResponse, status: int, *, words: bool = True) -> Any:
    """Return the response to a script: its status, and the text for the user."""
    said = json.loads(answer.text)
    assert said.get("refused", answer.status_code) == status, answer.text
    assert bool(said["message"]) or not words, said
    assert "%" not in said["message"].replace(" %", ""), said
    return said


def _frame(reader: Reader, token: str, number: int, frame: bytes) -> Any:
    fields = {"challenge": token, "number": str(number)}
    return _told(reader.post("/challenges/frames", {"frame": [frame]}, **fields), 200)


def _perform(
    reader: Reader, identifier: str, frame: bytes = picture(), *, enrolment: bool = False
) -> str:
    """Perform a challenge to its end; return its token."""
    path = "/challenges/enrolment" if enrolment else "/challenges"
    asked = _told(reader.post(path, identifier=identifier), 200)
    token, number = asked["challenge"], 1
    while asked["instruction"] != "done":
        assert asked["instruction"] in CHALLENGE_STEPS
        asked = _frame(reader, token, number, frame)
        number += 1
    return str(token)


def _attempt(site: Site, person: Any, *, match: bool, kind: Kind = Kind.VERIFY) -> Any:
    attempt_id = uuid4()
    with unit_of_work() as session:
        session.add(
            Attempt(
                id=attempt_id,
                kind=kind,
                match=match,
                person_id=person,
                model_id=active_model().engine.model_id,
                rule="best",
                threshold=0.93,
                similarity=ACCEPTED if match else REFUSED,
                anchors_compared=2,
                milliseconds=150.0,
                reasons=[],
            )
        )
    return attempt_id


def _result(outcome: Outcome, **values: Any) -> ChallengeResult:
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
