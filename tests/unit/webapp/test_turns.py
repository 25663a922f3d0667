"""Turns at looking at faces: a bounded number at once, a bounded number that wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from webapp.errors import Busy
from webapp.turns import Turns

LONG, MOMENT = 30.0, 0.02  # seconds


def test_as_many_have_their_turn_at_once_as_allowed() -> None:
    turns, together = Turns(2, 0, LONG), Barrier(2, timeout=LONG)

    def look() -> None:
        with turns.turn():
            together.wait()

    with ThreadPoolExecutor(2) as people:
        for done in [people.submit(look), people.submit(look)]:
            done.result(LONG)


def test_who_waits_comes_next_and_who_finds_no_place_is_refused_at_once() -> None:
    turns, begun, enough = Turns(1, 1, LONG), Event(), Event()

    def look() -> str:
        with turns.turn():
            begun.set()
            assert enough.wait(LONG)
            return "seen"

    with ThreadPoolExecutor(2) as people:
        looking = [people.submit(look)]
        assert begun.wait(LONG)
        looking.append(people.submit(look))
        while turns.places_left:
            pass
        with pytest.raises(Busy), turns.turn():
            pytest.fail("two places were taken")
        enough.set()
        assert [one.result(LONG) for one in looking] == ["seen", "seen"]
    assert turns.places_left == 2


def test_nobody_waits_longer_than_people_are_patient() -> None:
    turns = Turns(1, 5, MOMENT)
    with turns.turn(), pytest.raises(Busy) as refused, turns.turn():
        pytest.fail("the only turn was taken")
    assert refused.value.details == {"seconds": 2}


def test_a_turn_ends_with_a_failure_too() -> None:
    turns = Turns(1, 0, MOMENT)
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    with turns.turn():
        assert turns.places_left == 0


def test_a_place_held_does_for_the_turns_meanwhile_and_is_given_back() -> None:
    turns = Turns(1, 0, MOMENT)
    with turns.place():
        with pytest.raises(Busy), turns.place():
            pytest.fail("the only place was taken")
        for _ in range(2):
            with turns.turn(placed=True):
                assert turns.places_left == 0
    assert turns.places_left == 1
    with turns.turn(), pytest.raises(Busy), turns.place():
        pytest.fail("a turn takes a place again")
