from __future__ import annotations

from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

import ml
from tests.support.changed import changed
from tests.support.installation import Visitor, rows_stored, written_down
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.crypto.vault import Place
from webapp.db import secure_delete
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import (
    AccountSession,
    AnchorEmbedding,
    FailureCount,
    Kind,
    ModelChange,
    PersonKey,
    Refusal,
    now,
)
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model
from webapp.jobs import queue
from webapp.services import audit_entries
from webapp.services.matching.verification import verify
from webapp.services.models.selection import CHANGE_MODEL
from webapp.services.people import people
from webapp.services.people.retention import DELETE_EXPIRED
from webapp.settings import Settings
from webapp.startup.job_handlers import JOB_HANDLERS

RETIRED = "retired-00000000"
ANYWHERE = Place("anchor_embedding", UUID(int=0), "vector")


@pytest.fixture
def ada(app: Flask, enrol) -> UUID:
    return enrol("ada", photos=1)


@pytest.fixture
def retired(app: Flask, ada: UUID) -> bytes:
    """Return the stored bytes of an embedding by a model that is no longer active."""
    wrapped = db.session.get_one(PersonKey, ada).wrapped
    newest = db.session.scalar(select(AnchorEmbedding))
    sealed = key_store().vault.person_seal(wrapped, ada).seal(bytes(512), ANYWHERE)
    with unit_of_work() as session:
        session.add(
            AnchorEmbedding(
                anchor_id=newest.anchor_id, person_id=ada, model_id=RETIRED, vector=sealed
            )
        )
    return sealed


@pytest.mark.sqlite
def test_the_wal_of_a_long_reader_is_truncated_after_it_ends(
    app: Flask, settings: Settings, ada: UUID
) -> None:
    wrapped = db.session.get_one(PersonKey, ada).wrapped
    db.session.rollback()
    with db.engine.connect() as reader:
        reader.execute(select(PersonKey.wrapped))
        people.delete_person(ada, SERVER)
        assert wrapped in written_down(settings)
        secure_delete.truncate_log_later()
        assert wrapped in written_down(settings)

    secure_delete.truncate_log_later()

    assert wrapped not in written_down(settings)


def changed_days_ago(days: int) -> None:
    with unit_of_work() as session:
        engine = active_model().engine
        change = ModelChange(number=1, name=engine.name, model_id=engine.model_id)
        change.created_at = now() - timedelta(days=days)
        session.add(change)


def a_day_goes_by() -> None:
    queue.run_due({DELETE_EXPIRED: JOB_HANDLERS[DELETE_EXPIRED]}, Event())
    db.session.rollback()


def test_embeddings_of_an_inactive_model_are_destroyed(
    app: Flask, settings: Settings, retired: bytes, people
) -> None:
    changed_days_ago(8)
    assert retired in written_down(settings)

    a_day_goes_by()

    assert retired not in written_down(settings)
    assert rows_stored()["anchor_embedding"] == 1
    assert verify("ada", [people[0].photos[2]], SERVER).match
    assert audit_entries.list_entries(1, "embeddings_deleted").total == 1


def test_old_embeddings_stay_until_the_rollback_period_ends(app: Flask, retired: bytes) -> None:
    changed_days_ago(6)

    a_day_goes_by()

    assert rows_stored()["anchor_embedding"] == 2


def test_old_embeddings_stay_while_their_model_is_about_to_serve(
    app: Flask, retired: bytes
) -> None:
    changed_days_ago(8)
    other = next(one for one in ml.describe_models() if one.name != active_model().engine.name)
    with unit_of_work() as session:
        session.execute(
            update(AnchorEmbedding)
            .where(AnchorEmbedding.model_id == RETIRED)
            .values(model_id=other.model_id)
        )
        queue.enqueue(session, CHANGE_MODEL, other.name, SERVER)

    a_day_goes_by()

    assert rows_stored()["anchor_embedding"] == 2


def test_old_embeddings_stay_while_the_active_model_lacks_any(app: Flask, retired: bytes) -> None:
    changed_days_ago(8)
    with unit_of_work() as session:
        serving = active_model().engine.model_id
        lacking = session.scalar(select(AnchorEmbedding).where(AnchorEmbedding.model_id == serving))
        session.delete(lacking)

    a_day_goes_by()

    assert rows_stored()["anchor_embedding"] == 1


def test_refusals_are_kept_for_the_period_of_the_figures(app: Flask) -> None:
    with unit_of_work() as session:
        for days in (364, 366):
            refusal = Refusal(kind=Kind.VERIFY, code="no_face")
            refusal.created_at = now() - timedelta(days=days)
            session.add(refusal)

    a_day_goes_by()

    assert rows_stored()["refusal"] == 1


def test_failures_in_a_row_are_forgotten_after_a_year_unless_they_are_too_many(app: Flask) -> None:
    counts = {b"new": (49, 364), b"old": (49, 366), b"too many": (50, 366)}
    with unit_of_work() as session:
        for name, (failures, days) in counts.items():
            last = now() - timedelta(days=days)
            session.add(FailureCount(digest=name.ljust(32), failures=failures, last_at=last))

    a_day_goes_by()

    kept = db.session.scalars(select(FailureCount.digest)).all()
    assert {digest.rstrip() for digest in kept} == {b"new", b"too many"}


def test_ended_sessions_are_deleted(app: Flask, operator: Visitor) -> None:
    with unit_of_work() as session:
        for row in session.scalars(select(AccountSession)):
            row.created_at -= timedelta(days=8)

    a_day_goes_by()

    assert rows_stored()["account_session"] == 0


def test_the_command_purges_at_once(settings: Settings, engine, app: Flask, retired: bytes) -> None:
    changed_days_ago(1)
    at_once = create_app(changed(settings, way_back_days=0), engine)

    with at_once.app_context():
        assert at_once.test_cli_runner().invoke(args=["retention", "run"]).exit_code == 0

    assert rows_stored()["anchor_embedding"] == 1
