"""Simulated attempts through the real detector and the real model."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

import ml
from ml.lab.liveness import mjpeg, simulate
from ml.lab.liveness.attempts import Line, attempt
from ml.lab.liveness.simulation.attacks import CASES, Setting
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.photos import Portrait
from ml.lab.liveness.simulation.rendering import Room, Sensor
from tests.support import faces, performing

SEED = 2
LINE, SENSOR = Line(rate=5.0, delay=0.05), Sensor(0.4, 1.5, 85, 88)


@pytest.fixture(scope="module")
def portraits(real_engine: ml.Engine) -> tuple[Portrait, ...]:
    """Return the faces of two people."""
    return tuple(performing.front(real_engine, person) for person in range(2))


def tried(real_engine: ml.Engine, portraits: tuple[Portrait, ...], case: str, seed: int = SEED):
    source, camera = np.random.default_rng(seed), Camera()
    room = Room.drawn(camera, source, portraits[1])
    actor = CASES[case](Setting(*portraits, room, "gentle", camera, source))
    challenge = ml.draw_challenge(random.Random(seed), "gentle")
    return attempt(real_engine, challenge, actor, source, LINE, SENSOR)


def test_a_live_head_passes_within_two_tries(real_engine, portraits):
    tries = [tried(real_engine, portraits, "genuine", seed) for seed in (SEED, SEED + 1)]
    passed = [each for each in tries if each.verdict.passed]

    assert passed
    matched = passed[0].observations[passed[0].verdict.matched]
    assert len(matched.embedding) == real_engine.embedding_size


@pytest.mark.parametrize("attack", ["still", "tilted", "swapped"])
def test_an_attack_fails(real_engine, portraits, attack):
    assert not tried(real_engine, portraits, attack).verdict.passed


def test_few_frames_are_embedded(real_engine, portraits):
    seen = tried(real_engine, portraits, "genuine").observations

    assert sum(each.embedding is not None for each in seen) <= 3


def test_the_mirror_image_is_embedded_only_in_doubt(real_engine):
    one, other = (
        real_engine.analyse(each.photos[0], purpose="verify") for each in faces.people()[:2]
    )
    picture = np.asarray(faces.opened(faces.people()[0].photos[0]))
    landmarks = one.detected.landmarks

    surely = real_engine._embed_face(picture, landmarks, one.embedding)
    in_doubt = real_engine._embed_face(picture, landmarks, other.embedding)

    assert np.array_equal(surely, real_engine.embedder.embed_once(one.chip[None])[0])
    assert np.array_equal(in_doubt, one.embedding)


def test_no_face_is_an_error_and_not_an_observation(real_engine):
    challenge = ml.draw_challenge(random.Random(SEED))

    with pytest.raises(ml.NoFace):
        real_engine.observe(faces.without_face(), 0.2, challenge)


def test_a_challenge_starts_once_the_person_is_alone(real_engine):
    first, second = (person.photos[0] for person in faces.people()[:2])
    both, alone = faces.side_by_side(first, second), faces.side_by_side(first, _blurred(first, 25))
    shown = [_blurred(both, 4), *[both] * 3, *[alone] * 3]
    challenge, seen, steps = ml.draw_challenge(random.Random(SEED)), [], []

    for number, picture in enumerate(shown):
        observation, now = real_engine.observe(picture, number / 4, challenge, seen)
        seen.append(observation)
        steps.append(now.step)

    assert steps == [0, 0, 0, 0, 0, 0, 1]
    assert [each.embedding is not None for each in seen] == [False] * 6 + [True]


def _blurred(data: bytes, by: float) -> bytes:
    hazy = cv2.GaussianBlur(np.asarray(faces.opened(data)), None, by)
    return bytes(cv2.imencode(".jpg", hazy[:, :, ::-1])[1])


def film(portraits: tuple[Portrait, ...], case: str, path: Path) -> list[bytes]:
    """Return the pictures of a film of a person who turns left and then moves closer."""
    source = np.random.default_rng(SEED)
    actor = simulate.performer(case, *portraits, "gentle", source)
    steps = simulate.steps_named("turn_left,come_closer", "gentle")
    film = mjpeg.write(path, actor, steps, simulate.SENSOR, source).read_bytes()
    start = b"\xff\xd8\xff"
    return [start + picture for picture in film.split(start)[1:]]


def watched(real_engine: ml.Engine, film: list[bytes]) -> ml.Progress:
    """Return the state after a film whose movements are prompted at the times of the film."""
    steps = simulate.steps_named("turn_left,come_closer", "gentle")
    challenge, seen = ml.Challenge(steps, "gentle"), []
    straight = int(mjpeg.CLIP.straight * mjpeg.PLAYED_A_SECOND) - 12
    for frame in range(straight, len(film), 6):
        at = frame / mjpeg.PLAYED_A_SECOND
        observation, now = real_engine.observe(film[frame], at, challenge, seen)
        seen.append(observation)
        if now.done or now.failed:
            break
    return now


def test_a_film_shows_a_head_that_follows_the_prompts(real_engine, portraits, tmp_path):
    assert watched(real_engine, film(portraits, "genuine", tmp_path / "head.mjpeg")).done


def test_a_film_of_a_still_photo_completes_no_step(real_engine, portraits, tmp_path):
    assert watched(real_engine, film(portraits, "still", tmp_path / "photo.mjpeg")).step == 1


def test_a_film_takes_movements_by_name():
    with pytest.raises(ValueError, match="turn_around"):
        simulate.steps_named("turn_left, turn_around", "gentle")
