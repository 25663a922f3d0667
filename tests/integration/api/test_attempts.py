from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from siamese_faces import Client, Problem
from sqlalchemy import delete, select

from tests.support.installation import OPERATOR, Visitor
from webapp.db.models import Attempt
from webapp.db.transactions import unit_of_work
from webapp.services.attempts import attempt_log


@pytest.fixture
def ada(app: Flask, enrol) -> None:
    enrol("ada", photos=1)


def test_the_feed_gives_every_attempt_once_and_in_order(
    ada, client: Client, anybody: Visitor, people
) -> None:
    photo = people[0].photos[0]
    assert client.attempts() == ([], "")

    client.verify("ada", [photo])
    anybody.post("/verify", {"frames": [people[1].photos[0]]}, identifier="ada")
    client.identify([photo])
    first, cursor = client.attempts(limit=2)
    rest, end = client.attempts(since=cursor)
    nothing, same = client.attempts(since=end)
    client.verify("ada", [photo])
    newest, _ = client.attempts(since=same)

    assert [one.match for one in first] == [True, False]
    assert [one.kind for one in rest] == ["identify"]
    assert (nothing, same) == ([], end)
    assert [one.identifier for one in newest] == ["ada"]
    times = [one.created_at for one in (*first, *rest, *newest)]
    assert times == sorted(times)


def test_attempts_of_a_slow_clock_are_not_skipped(ada, client: Client, people) -> None:
    photo = people[0].photos[:1]
    client.verify("ada", photo)
    first, cursor = client.attempts()
    client.verify("ada", photo)
    with unit_of_work() as session:
        newest = session.scalar(select(Attempt).where(Attempt.number.is_(None)))
        newest.created_at -= timedelta(hours=1)
        dated_back = newest.id

    late, cursor = client.attempts(since=cursor)

    assert [one.id for one in late] == [str(dated_back)]
    assert late[0].created_at < first[0].created_at
    assert client.attempts(since=cursor) == ([], cursor)
    assert [one.id for one in client.attempts()[0]] == [first[0].id, late[0].id]


def test_attempts_after_a_deletion_or_a_restore_are_not_skipped(
    ada, client: Client, people, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = people[0].photos[:1]
    for _ in range(2):
        client.verify("ada", photo)
    _, cursor = client.attempts()
    with unit_of_work() as session:
        session.execute(delete(Attempt))
    a_minute_later = attempt_log.now() + timedelta(minutes=1)
    monkeypatch.setattr(attempt_log, "now", lambda: a_minute_later)
    client.verify("ada", photo)

    newest, _ = client.attempts(since=cursor)

    assert [one.identifier for one in newest] == ["ada"]


def test_the_feed_names_the_actor(
    ada, app: Flask, client: Client, operator: Visitor, anybody: Visitor, people
) -> None:
    photo = people[0].photos[0]
    client.verify("ada", [photo])
    for visitor in (operator, anybody):
        visitor.post("/verify", {"frames": [photo]}, identifier="ada")

    asked = [one.asked_by for one in client.attempts()[0]]

    assert asked == ["a program", OPERATOR, None]


def test_a_cursor_that_was_tampered_with_or_is_another_lists_is_refused(
    ada, client: Client, people
) -> None:
    client.verify("ada", people[0].photos[:1])
    _, cursor = client.attempts()
    middle = len(cursor) // 2
    other = "A" if cursor[middle] != "A" else "B"

    for broken in (cursor[:middle] + other + cursor[middle + 1 :], cursor[:-3], "nonsense", "\0"):
        with pytest.raises(Problem) as refused:
            client.attempts(since=broken)
        assert (refused.value.status, refused.value.code) == (400, "cursor_broken")
    answer = client.http.get("/people", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_broken")
