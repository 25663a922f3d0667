"""Liveness challenges that nobody finished."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Challenge, Outcome, Purpose, now
from webapp.db.transactions import unit_of_work
from webapp.services.liveness import results
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.drawn import NOT_FINISHED, DrawnChallenge, result_of
from webapp.services.matching import claimed_identity


def end_unfinished(actor: Actor, *which: ColumnElement[bool]) -> None:
    """End the challenges that match, or all expired ones.

    Those with at least one frame count as failures. Otherwise an attacker could start challenges
    until the movements suit a recording. `actor` caused the check.
    """
    conditions = which or (Challenge.expires_at <= now(),)
    if db.session.scalar(select(Challenge.id).where(*conditions).limit(1)) is None:
        return
    with unit_of_work() as session:
        for row in session.scalars(select(Challenge).where(*conditions).with_for_update()):
            _give_up(session, row, actor)


def _give_up(session: Session, row: Challenge, actor: Actor) -> None:
    session.delete(row)
    if row.frames == 0 or row.face is not None:
        return
    drawn = DrawnChallenge.of(row)
    person = claimed_identity.claimed_person(drawn.identifier)
    result = result_of(row, drawn, Outcome.FAILED, (NOT_FINISHED,), {})
    results.record(session, result, person.id if person else None, SERVER)
    if row.purpose == Purpose.VERIFY:
        claimed_identity.count_failure(
            session, row.claim_digest, person, liveness.in_force(), actor, row.network_digest
        )
