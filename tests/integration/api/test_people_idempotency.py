"""Enrolments are idempotent."""

from __future__ import annotations

import pytest
from siamese_faces import Client, Problem
from sqlalchemy import func, select

from tests.support.installation import rows_stored
from webapp.db.engine import db
from webapp.db.models import Anchor, Person


def test_a_repeated_request_is_answered_as_before_and_done_once(client: Client, people) -> None:
    photo = people[0].photos[:1]

    first = client.enrol("ada", "Ada", photo, consent=True, idempotency_key="one")
    again = client.enrol("ada", "Ada", photo, consent=True, idempotency_key="one")
    added = [
        client.add_anchors(first.id, people[0].photos[1:2], accept_doubts=True, idempotency_key="2")
        for _ in range(2)
    ]

    assert again == first
    assert added[0] == added[1]
    assert db.session.scalar(select(func.count()).select_from(Person)) == 1
    assert db.session.scalar(select(func.count()).select_from(Anchor)) == 2


def test_another_request_under_the_same_idempotency_key_is_refused(client: Client, people) -> None:
    client.enrol("ada", "Ada", people[0].photos[:1], consent=True, idempotency_key="one")

    with pytest.raises(Problem) as refused:
        client.enrol("bob", "Bob", people[1].photos[:1], consent=True, idempotency_key="one")

    assert (refused.value.status, refused.value.code) == (422, "request_differs")


def test_a_failed_request_may_be_retried_with_its_idempotency_key(client: Client, people) -> None:
    with pytest.raises(Problem):
        client.enrol("ada", "Ada", [b"broken"], consent=True, idempotency_key="one")

    assert (
        client.enrol(
            "ada", "Ada", people[0].photos[:1], consent=True, idempotency_key="one"
        ).pictures
        == 1
    )


def test_a_remembered_answer_is_deleted_with_the_person(client: Client, people) -> None:
    ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True, idempotency_key="one")

    client.delete(ada.id)

    assert rows_stored()["remembered_answer"] == 0
