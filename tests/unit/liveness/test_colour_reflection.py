from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml import Challenge, Observation, judge, progress
from ml.liveness.colour_reflection import (
    COLOURS,
    FEWEST_FRAMES,
    NONE,
    SHORTEST_SECONDS,
    colour_after,
    draw_light,
    face_colours,
    reflection,
)
from tests.unit.liveness.acted import CHALLENGE, acted

LIGHT = draw_light(random.Random(4))
ASKED = replace(CHALLENGE, light=LIGHT)
ACTED = acted(ASKED)
SKIN = np.array([190.0, 140.0, 120.0])
DARK = np.array([70.0, 55.0, 50.0])
WHITE = "#ffffff"
GAMMA = 2.2
TOKENS = Path(__file__).parents[3] / "static/css/tokens.css"


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lit(
    shown: tuple[str, ...],
    share: float,
    noise: float = 0.0,
    drift: float = 0.0,
    late: int = 0,
) -> list[Observation]:
    """Return the acted frames with the colours reflected by the face, `late` frames later.

    `drift` is the factor by which red grows relative to the other colours, a second.
    """
    source, frames = np.random.default_rng(3), []
    for number, seen in enumerate(ACTED):
        colour = colour_after(shown, ACTED[: max(number - late, 0)]) or WHITE
        light = (1 - share + share * linear(colour) / luminance(colour)) ** (1 / GAMMA)
        balance = light * source.normal(1, noise, 3) * [(1 + drift) ** seen.at, 1, 1]
        frames.append(replace(seen, skin=tuple(SKIN * balance), dark=tuple(DARK * balance)))
    return frames


def behind_glass(frames: list[Observation], shown: tuple[str, ...]) -> list[Observation]:
    """Return the frames on a screen that mirrors a little of the colours."""
    mirroring = []
    for number, seen in enumerate(frames):
        added = 0.02 * linear(colour_after(shown, frames[:number]) or WHITE)
        skin, dark = (
            255 * ((np.array(colour) / 255) ** GAMMA + added) ** (1 / GAMMA)
            for colour in (seen.skin, seen.dark)
        )
        mirroring.append(replace(seen, skin=tuple(skin), dark=tuple(dark)))
    return mirroring


def test_a_colour_never_follows_itself_and_all_of_them_come():
    assert all(a != b for a, b in itertools.pairwise(LIGHT))
    assert set(LIGHT) == set(COLOURS)


def test_the_colours_are_equally_bright_so_that_nothing_flashes():
    bright = [luminance(colour) for colour in COLOURS]

    assert max(bright) - min(bright) < 0.01


@pytest.mark.parametrize("ink", ["--stage-ink", "--stage-good"])
def test_the_instruction_can_be_read_in_every_colour(ink):
    tokens = dict(re.findall(r"(--stage[a-z-]*): ([^;]+);", TOKENS.read_text()))
    red, green, blue, opacity = (
        float(value) for value in re.findall(r"\d+", tokens["--stage-plate"])
    )
    text = luminance(tokens[ink])
    for colour in COLOURS:
        under = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
        plate = (under + opacity / 100 * (np.array([red, green, blue]) - under)).round()
        ground = luminance("#" + "".join(f"{int(value):02x}" for value in plate))
        assert (text + 0.05) / (ground + 0.05) >= 4.5


@given(st.lists(st.floats(0.01, 1.5), min_size=1, max_size=60))
def test_a_colour_stays_for_two_frames_and_changes_three_times_a_second_at_most(gaps):
    times = np.cumsum(gaps)
    frames = [replace(ACTED[0], number=n, at=float(at)) for n, at in enumerate(times)]
    shown = [colour_after(LIGHT, frames[:n]) for n in range(len(frames) + 1)]
    changes = [n for n in range(1, len(shown)) if shown[n] != shown[n - 1]]

    for before, after in itertools.pairwise([0, *changes]):
        since = times[before - 1] if before else 0.0
        assert after - before >= FEWEST_FRAMES
        assert times[after - 1] - since >= SHORTEST_SECONDS
    moments = times[[n - 1 for n in changes]] if changes else times[:0]
    assert all(((moments >= at) & (moments < at + 1)).sum() <= 3 for at in moments)


def test_the_next_colour_is_not_revealed_early():
    reported = [progress(ASKED, ACTED[:n]).light for n in range(len(ACTED))]

    assert reported[:2] == [LIGHT[0]] * 2
    assert set(reported[:8]) <= set(LIGHT[:5])
    assert progress(ASKED, ACTED).light is None
    assert progress(CHALLENGE, ACTED[:3]).light is None


@pytest.mark.parametrize("share", [0.03, 0.08, 0.2])
@pytest.mark.parametrize(("drift", "late"), [(0.0, 0), (0.02, 0), (0.0, 1)])
def test_a_face_that_reflects_the_colours_passes(share, drift, late):
    frames = lit(LIGHT, share, noise=0.003, drift=drift, late=late)

    assert reflection(LIGHT, frames, 0).skin > 0.8
    assert judge(ASKED, frames, 0.9).passed


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_a_face_in_other_light_passes_by_chance_at_most(share):
    others = [draw_light(random.Random(seed)) for seed in range(100, 160)]
    verdicts = [judge(ASKED, lit(other, share, noise=0.004), 0.9) for other in others]
    reasons = [verdict.reasons for verdict in verdicts]

    assert set(reasons) <= {(), ("no_light",)}
    assert reasons.count(("no_light",)) >= 0.9 * len(reasons)


def test_a_film_on_a_screen_that_mirrors_the_colours_does_not_pass():
    film = behind_glass(lit(draw_light(random.Random(100)), 0.0, noise=0.002), LIGHT)

    assert reflection(LIGHT, film, 0).skin > 0.8
    assert judge(ASKED, film, 0.9).reasons == ("mirrored",)


def test_a_face_that_only_seems_to_follow_by_the_noise_of_the_camera_does_not_pass():
    faint = judge(ASKED, lit(LIGHT, 0.005), 0.9)

    assert faint.cues["light"] > 0.8
    assert faint.reasons == ("no_light",)


def test_frames_without_skin_and_too_few_of_them_reflect_nothing():
    assert reflection(LIGHT, ACTED, 0) == NONE
    assert reflection(LIGHT, lit(LIGHT, 0.2)[:6], 0) == NONE
    assert judge(ASKED, ACTED, 0.9).reasons == ("no_light",)


def test_a_challenge_without_light_requires_no_reflection():
    verdict = judge(CHALLENGE, ACTED, 0.9)

    assert verdict.passed
    assert "light" not in verdict.cues


@given(
    st.lists(
        st.tuples(st.floats(0, 255), st.floats(0, 255), st.floats(0, 255)),
        min_size=len(ACTED),
        max_size=len(ACTED),
    ),
    st.integers(0, len(ACTED)),
)
def test_a_reflection_is_a_correlation_for_every_skin(skins, first):
    frames = [
        replace(seen, skin=skin, dark=dark)
        for seen, skin, dark in zip(ACTED, skins, reversed(skins), strict=True)
    ]
    reflected = reflection(LIGHT, frames, first)

    assert -1.001 <= reflected.skin <= 1.001
    assert -1.001 <= reflected.mirrored <= 1.001


def test_skin_is_sampled_between_eyes_and_mouth_even_at_the_edge_of_a_frame():
    frame = np.zeros((60, 80, 3), np.uint8)
    frame[25:45] = (200, 150, 100)
    landmarks = np.array([[20, 20], [60, 20], [40, 35], [25, 50], [55, 50]], np.float32)
    skin, dark = face_colours(frame, landmarks)

    assert skin == pytest.approx((200, 150, 100), abs=12)
    assert dark == (0, 0, 0)
    assert face_colours(frame, landmarks + np.float32(500))[1] == (0, 0, 0)


@given(st.lists(st.sampled_from(COLOURS), max_size=90))
def test_a_challenge_with_light_survives_a_round_trip(light):
    asked = replace(CHALLENGE, light=tuple(light))

    assert Challenge.from_dict(asked.to_dict()) == asked


@pytest.mark.parametrize("light", ["#ffaeb5", ["#ff0000"], [1], [COLOURS[0]] * 91, None])
def test_light_in_other_colours_is_refused(light):
    with pytest.raises(ValueError, match=r"."):
        Challenge.from_dict(CHALLENGE.to_dict() | {"light": light})
