from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml import Challenge, Observation, Step, draw_challenge, judge, progress
from ml.liveness.observation import CLOSE_UP_SIDE
from tests.unit.liveness.acted import CHALLENGE, SOMEBODY, acted

SAME = 0.9
few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
ACTED = acted(CHALLENGE)
STEPS = [progress(CHALLENGE, ACTED[: n + 1]).step for n in range(len(ACTED))]
FIRST_TURN = ACTED[: STEPS.index(2)]


def passes(frames, challenge=CHALLENGE):
    return judge(challenge, frames, SAME).passed


@pytest.mark.parametrize("seed", range(12))
def test_a_head_that_follows_the_prompts_passes(seed):
    challenge = draw_challenge(random.Random(seed))
    frames = acted(challenge)
    verdict = judge(challenge, frames, SAME)

    assert verdict.reasons == ()
    assert verdict.passed
    assert frames[verdict.matched].embedding is not None


@pytest.mark.parametrize("seed", range(12))
def test_a_flat_picture_with_the_same_movements_does_not_pass(seed):
    challenge = draw_challenge(random.Random(seed))

    assert not passes(acted(challenge, flat=True), challenge)


def test_instructions_are_revealed_one_after_the_other():
    assert sorted(STEPS) == STEPS
    assert set(STEPS) == {0, 1, 2, 3}
    assert [progress(CHALLENGE, ACTED[: n + 1]).done for n in range(len(ACTED))].index(True) == (
        len(ACTED) - 1
    )


def test_nothing_is_done_without_frames():
    assert progress(CHALLENGE, []).step == 0
    assert judge(CHALLENGE, [], SAME).reasons == ("unfinished",)


@few
@given(st.data())
def test_a_replay_of_another_challenge_does_not_pass(data):
    drawn = draw_challenge(data.draw(st.randoms(use_true_random=False)))
    kinds = [step.kind for step in drawn.steps]

    assert passes(ACTED, drawn) <= (kinds == [step.kind for step in CHALLENGE.steps])


@few
@given(st.randoms(use_true_random=False))
def test_frames_out_of_order_do_not_pass(source):
    frames = list(ACTED)
    source.shuffle(frames)

    assert passes(frames) == (frames == ACTED)


@few
@given(st.sets(st.integers(0, len(ACTED) - 1), min_size=1))
def test_dropped_frames_do_not_pass(dropped):
    assert not passes([each for n, each in enumerate(ACTED) if n not in dropped])


@few
@given(st.integers(0, len(ACTED) - 1), st.integers(0, len(ACTED)))
def test_a_repeated_frame_does_not_pass(which, where):
    assert not passes([*ACTED[:where], ACTED[which], *ACTED[where:]])


@few
@given(st.integers(4, len(ACTED) - 1), st.floats(2, 60))
def test_a_pause_in_the_middle_does_not_pass(where, seconds):
    late = [replace(each, at=each.at + seconds) for each in ACTED[where:]]

    assert not passes([*ACTED[:where], *late])


def test_a_jump_from_one_side_to_the_other_does_not_pass():
    left = acted(Challenge((Step("turn_left", 35.0, 0.0),), "normal"))
    right = [
        replace(each, number=len(left) + n, at=left[-1].at + 0.2 * (n + 1))
        for n, each in enumerate(acted(Challenge((Step("turn_right", 35.0, 0.0),), "normal"))[-2:])
    ]
    asked = Challenge((Step("turn_left", 35.0, 0.0), Step("turn_right", 30.0, 0.0)), "normal")

    assert judge(asked, [*left, *right], SAME).reasons == ("jump",)


@few
@given(st.integers(3, len(ACTED) - 1))
def test_another_face_at_the_end_of_a_step_does_not_pass(first):
    stranger = np.roll(SOMEBODY, 1)
    swapped = [*ACTED[:first], *(each.with_embedding(stranger) for each in ACTED[first:])]

    assert judge(CHALLENGE, swapped, SAME).reasons == ("other_person",)


def test_a_head_whose_face_moves_as_a_plane_does_not_pass():
    assert judge(CHALLENGE, [replace(each, relief=3.0) for each in FIRST_TURN], SAME).reasons == (
        "unfinished",
    )


def test_a_face_that_was_never_embedded_does_not_pass():
    assert judge(CHALLENGE, [replace(each, embedding=None) for each in ACTED], SAME).reasons == (
        "unrecognised",
    )


@pytest.mark.parametrize(
    ("first", "reason"), [("turn_up", "other_movement"), ("turn_right", "unfinished")]
)
def test_the_wrong_movement_does_not_pass_and_one_the_wrong_way_round_can_be_mended(first, reason):
    asked = Challenge((Step(first, 15.0, 0.2), *CHALLENGE.steps[1:]), "normal")
    left = acted(Challenge((Step("turn_left", 35.0, 0.0),), "normal"))

    assert judge(asked, left, SAME).reasons == (reason,)


def test_a_head_that_moves_before_the_prompt_does_not_pass():
    left, up, _ = CHALLENGE.steps
    first, second = acted(Challenge((left,), "normal")), acted(Challenge((up,), "normal"))
    cut = [
        replace(each, number=len(first) + n, at=first[-1].at + 0.2 * (n + 1))
        for n, each in enumerate(second[-2:])
    ]

    assert judge(CHALLENGE, [*first, *cut], SAME).reasons == ("too_soon",)


numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


@few
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), numbers, st.lists(numbers, min_size=10, max_size=10), st.booleans()
        ),
        max_size=12,
    )
)
def test_any_observations_are_judged_and_do_not_pass(rows):
    frames = [
        replace(
            ACTED[n % len(ACTED)],
            number=n,
            faces=faces,
            at=at,
            landmarks=np.array(points, np.float32).reshape(5, 2),
            embedding=SOMEBODY if known else None,
        )
        for n, (faces, at, points, known) in enumerate(rows)
    ]

    assert not passes(frames)
    assert 0 <= progress(CHALLENGE, frames).share <= 1


CLOSE_UP = np.arange(CLOSE_UP_SIDE**2, dtype=np.uint8).reshape(CLOSE_UP_SIDE, CLOSE_UP_SIDE)


@pytest.mark.parametrize(("embedding", "close_up"), [(None, None), (SOMEBODY, CLOSE_UP)])
def test_an_observation_survives_a_round_trip(embedding, close_up):
    seen = replace(ACTED[0], embedding=embedding, close_up=close_up, skin=(1.5, 2.0, 3.0))
    read = Observation.from_bytes(seen.to_bytes())

    assert read.to_bytes() == seen.to_bytes()
    assert (read.at, read.box, read.faces) == (seen.at, seen.box, seen.faces)
    assert (read.skin, read.dark) == (seen.skin, seen.dark)
    assert np.array_equal(read.landmarks, seen.landmarks)
    assert np.array_equal(read.chip, seen.chip)
    assert (read.embedding is None) == (embedding is None)


@few
@given(st.binary(max_size=200), st.integers(0, 2000))
def test_an_observation_of_another_length_is_refused(more, length):
    written = ACTED[0].to_bytes()
    for data in (written[: length % len(written)], written + more + b"."):
        with pytest.raises(ValueError, match="an observation"):
            Observation.from_bytes(data)


@few
@given(st.sampled_from(["at", "yaw", "relief", "dark"]), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_nonsensical_observation_is_refused(field, value):
    value = (1.0, value, 2.0) if field == "dark" else value
    with pytest.raises(ValueError, match="finite"):
        Observation.from_bytes(replace(ACTED[0], **{field: value}).to_bytes())


@few
@given(st.data())
def test_any_bytes_are_an_observation_or_refused(data):
    size = len(ACTED[0].to_bytes())
    written = data.draw(st.binary(min_size=size, max_size=size))
    with suppress(ValueError):
        assert Observation.from_bytes(written).to_bytes() == written


def test_progress_never_exceeds_a_whole_step_even_on_failure():
    left = acted(Challenge((Step("turn_left", 35.0, 0.0),), "normal"))
    asked = Challenge((Step("turn_left", 10.0, 2.0), *CHALLENGE.steps[1:]), "normal")
    late = [*left, replace(left[-1], number=len(left), at=left[-1].at + 60)]

    assert progress(asked, late).failed
    assert progress(asked, late).share == 1
