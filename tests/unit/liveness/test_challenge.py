from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml import STEPS, STRENGTHS, Challenge, draw_challenge

TURNS = {"turn_left", "turn_right", "turn_up", "turn_down"}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["steps", "strength", "kind", "amount", "hold", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(STRENGTHS)))
def test_a_challenge_survives_a_round_trip(source, strength):
    challenge = draw_challenge(source, strength)

    assert Challenge.from_dict(challenge.to_dict()) == challenge


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(STRENGTHS)))
def test_every_challenge_turns_the_head_at_least_once_and_asks_nothing_twice(source, strength):
    kinds = [step.kind for step in draw_challenge(source, strength).steps]

    assert len(kinds) == STRENGTHS[strength].steps >= 2
    assert len(set(kinds)) == len(kinds)
    assert TURNS & set(kinds)


@given(
    st.randoms(use_true_random=False),
    st.sets(st.sampled_from(STEPS), min_size=2).filter(lambda kinds: kinds & TURNS),
)
def test_only_allowed_movements_are_prompted_and_never_twice_in_a_row(source, allowed):
    kinds = [step.kind for step in draw_challenge(source, "strict", allowed).steps]

    assert set(kinds) <= allowed
    assert all(a != b for a, b in itertools.pairwise(kinds))


@pytest.mark.parametrize("allowed", [(), ("turn_left",), ("come_closer",), ("turn_left", "nod")])
def test_too_few_allowed_movements_are_refused(allowed):
    with pytest.raises(ValueError, match="allow"):
        draw_challenge(random.Random(1), allowed=allowed)


def test_an_unknown_strength_is_refused():
    with pytest.raises(ValueError, match="harder"):
        draw_challenge(random.Random(1), "harder")


@given(anything)
def test_nonsense_is_no_challenge(value):
    with pytest.raises(ValueError, match=r"."):
        Challenge.from_dict(value)


@given(
    st.randoms(use_true_random=False),
    st.sampled_from(["kind", "amount", "hold"]),
    st.none() | st.text() | st.just(float("nan")) | st.just(-1.0) | st.just(1e9) | st.just(True),
)
def test_a_step_with_a_nonsensical_value_is_refused(source, field, value):
    written = draw_challenge(source).to_dict()
    written["steps"][0][field] = value

    with pytest.raises(ValueError, match=r"."):
        Challenge.from_dict(written)


def test_order_angles_and_hold_times_are_random():
    source = random.Random(7)
    drawn = [draw_challenge(source) for _ in range(300)]

    assert len({tuple(step.kind for step in each.steps) for each in drawn}) > 50
    assert len({step.amount for each in drawn for step in each.steps}) > 300
    assert len({step.hold for each in drawn for step in each.steps}) > 20
