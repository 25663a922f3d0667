"""Slots for face analysis: a bounded number at once, and a bounded queue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Event

import pytest

from webapp.errors.matching import Busy
from webapp.inference.face_slots import Caller, FaceSlots

LONG, MOMENT = 30.0, 0.02  # seconds


def test_no_more_analyses_run_at_once_than_allowed() -> None:
    slots, together = FaceSlots(2, 0, LONG), Barrier(2, timeout=LONG)

    def look() -> None:
        with slots.slot():
            together.wait()

    with ThreadPoolExecutor(2) as people:
        for done in [people.submit(look), people.submit(look)]:
            done.result(LONG)


def test_a_waiting_request_is_next_and_one_without_a_place_is_refused() -> None:
    slots, begun, enough = FaceSlots(1, 1, LONG), Event(), Event()

    def look() -> str:
        with slots.slot():
            begun.set()
            assert enough.wait(LONG)
            return "seen"

    with ThreadPoolExecutor(2) as people:
        looking = [people.submit(look)]
        assert begun.wait(LONG)
        looking.append(people.submit(look))
        while slots.free_places:
            pass
        with pytest.raises(Busy), slots.slot():
            pytest.fail("two places were taken")
        enough.set()
        assert [one.result(LONG) for one in looking] == ["seen", "seen"]
    assert slots.free_places == 2


def test_nobody_waits_longer_than_the_patience() -> None:
    slots = FaceSlots(1, 5, MOMENT)
    with slots.slot(), pytest.raises(Busy) as refused, slots.slot():
        pytest.fail("the only turn was taken")
    assert refused.value.details == {"seconds": 2}


def test_a_failure_frees_its_place() -> None:
    slots = FaceSlots(1, 0, MOMENT)
    with pytest.raises(ZeroDivisionError), slots.slot():
        raise ZeroDivisionError
    with slots.slot():
        assert slots.free_places == 0


def test_a_held_place_serves_nested_analyses_and_is_freed() -> None:
    slots = FaceSlots(1, 0, MOMENT)
    with slots.place():
        with pytest.raises(Busy), slots.place():
            pytest.fail("the only place was taken")
        for _ in range(2):
            with slots.slot(has_place=True):
                assert slots.free_places == 0
    assert slots.free_places == 1
    with slots.slot(), pytest.raises(Busy), slots.place():
        pytest.fail("a turn takes a place again")


# Fair shares


def test_one_network_never_holds_more_than_half_of_the_places() -> None:
    slots, one, other = FaceSlots(2, 8, MOMENT), Caller("10.0.0.1"), Caller("10.0.0.2")
    with ExitStack() as held:
        for _ in range(5):
            held.enter_context(slots.place(one))
        with pytest.raises(Busy), slots.place(one):
            pytest.fail("more than its share")
        for _ in range(5):
            held.enter_context(slots.place(other))
    assert slots.free_places == slots.places


def test_guidance_leaves_places_to_verification() -> None:
    slots = FaceSlots(2, 8, MOMENT)
    with ExitStack() as held:
        for number in range(8):
            held.enter_context(slots.place(Caller(f"10.0.0.{number}", guided=True)))
        with pytest.raises(Busy), slots.place(Caller("10.0.1.1", guided=True)):
            pytest.fail("guidance took the places that are kept")
        for number in range(2):
            held.enter_context(slots.place(Caller(f"10.0.2.{number}")))


def test_a_key_leaves_places_to_people_and_uses_all_others() -> None:
    slots, key = FaceSlots(2, 8, MOMENT), Caller("key 1", trusted=True)
    with ExitStack() as held:
        for _ in range(8):
            held.enter_context(slots.place(key))
        with pytest.raises(Busy), slots.place(key):
            pytest.fail("the key took every place")
        held.enter_context(slots.place(Caller("10.0.0.1")))


def test_everybody_is_served_with_one_place() -> None:
    slots = FaceSlots(1, 0, MOMENT)
    for caller in (Caller("10.0.0.1"), Caller("10.0.0.1", guided=True), Caller("k", trusted=True)):
        with slots.slot(caller):
            assert slots.free_places == 0


def test_the_next_place_goes_to_the_network_with_the_fewest() -> None:
    slots, order = FaceSlots(2, 8, LONG), []
    busy, quiet = Caller("10.0.0.1"), Caller("10.0.0.2")
    ends = {"first": Event(), "second": Event()}

    def analyse(caller: Caller, name: str) -> None:
        with slots.slot(caller):
            order.append(name)
            if name in ends:
                assert ends[name].wait(LONG)

    with ThreadPoolExecutor(5) as people:
        running = [people.submit(analyse, busy, name) for name in ends]
        while len(order) < 2:
            pass
        for number, (caller, name) in enumerate([(busy, "a"), (busy, "b"), (quiet, "c")], start=1):
            running.append(people.submit(analyse, caller, name))
            while len(slots._waiting) < number:
                pass
        ends["first"].set()
        while "c" not in order:
            pass
        ends["second"].set()
        for one in running:
            one.result(LONG)

    assert order[2] == "c"
