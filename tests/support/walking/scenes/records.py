"""Attempts, challenges and the audit log."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import select, update

import ml
from tests.support.walking.scenes.audit_events import recorded_events
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import MANY, picture_errors, result_of, store_attempt
from tests.support.walking.walker import Site
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Attempt, ChallengeResult, Kind, Outcome, Purpose, Refusal
from webapp.db.transactions import unit_of_work
from webapp.messages import CHALLENGE_REASONS, WAIVER_WORDS
from webapp.services import audit
from webapp.services.liveness.results import LABELS


@scene
def attempts(site: Site) -> None:
    operator, viewer = site.operator, site.viewer
    operator.see("/attempts")
    operator.see("/attempts?person=nobody")
    person = site.enrol()
    for number in range(MANY):
        store_attempt(
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
    store_attempt(site, None, match=False, kind=Kind.VERIFY)
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
    for code, _details in picture_errors():
        with unit_of_work() as session:
            session.add(Refusal(kind=Kind.VERIFY, code=code))
    site.viewer.see("/dashboard")
    site.admin.see("/dashboard?days=7")


@scene
def challenge_results(site: Site) -> None:
    operator, person = site.operator, site.enrol()
    operator.see("/attempts/movements")
    attempt = store_attempt(site, person, match=True)
    other = store_attempt(site, person, match=False)
    reasons = list(CHALLENGE_REASONS)
    rows = [
        result_of(Outcome.PASSED, person_id=person, attempt_id=attempt, cues={"seconds": 3.25}),
        result_of(Outcome.FAILED, attempt_id=other, reasons=reasons, label="film"),
        result_of(Outcome.FAILED, reasons=["not known yet"], steps=[], purpose=Purpose.ENROL),
        *(result_of(Outcome.WAIVED, reasons=[waiver], steps=[]) for waiver in WAIVER_WORDS),
        *(result_of(Outcome.PASSED, label=label) for label in LABELS),
        *(result_of(Outcome.PASSED, strength=strength) for strength in ml.STRENGTHS),
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
        session.add_all(result_of(Outcome.PASSED) for _ in range(MANY))
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
