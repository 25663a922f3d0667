"""The simulated cases: genuine people, and every attack that is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ml.lab.liveness.simulation.actors import Actor, LiveHead
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.photos import Portrait
from ml.lab.liveness.simulation.pictures import HOLDINGS, HeldPicture
from ml.lab.liveness.simulation.recordings import (
    ChangingHead,
    CutReplay,
    FaceChange,
    Recording,
    Replay,
)
from ml.lab.liveness.simulation.rendering import Room

GENUINE = "genuine"


@dataclass(frozen=True)
class Setting:
    """Ingredients of an attempt.

    Attributes:
        shown: photo of the claimed person.
        other: photo of another person.
        room: the room behind them.
        strength: strength of the challenges.
        camera: the camera.
        random: generator of this attempt.
    """

    shown: Portrait
    other: Portrait
    room: Room
    strength: str
    camera: Camera
    random: np.random.Generator


Case = Callable[[Setting], Actor]


def _genuine(at: Setting) -> Actor:
    return LiveHead((at.shown,), at.room, at.random, at.camera)


def _held(name: str) -> Case:
    def actor(at: Setting) -> Actor:
        return HeldPicture(at.shown, HOLDINGS[name], at.room, at.random, at.camera, at.other)

    return actor


def _recording(at: Setting) -> Recording:
    return Recording(at.shown, at.room, at.random, at.camera, at.strength)


def _replay(at: Setting) -> Actor:
    return Replay(_recording(at), at.random)


def _cut(at: Setting) -> Actor:
    return CutReplay(_recording(at), at.random)


def _changing(least: float, most: float) -> Case:
    def actor(at: Setting) -> Actor:
        change = FaceChange(float(at.random.uniform(0, 3)), float(at.random.uniform(least, most)))
        return ChangingHead(at.shown, at.other, change, at.room, at.random, at.camera)

    return actor


CASES: dict[str, Case] = {
    GENUINE: _genuine,
    **{name: _held(name) for name in HOLDINGS},
    "replay": _replay,
    "cut_replay": _cut,
    "swapped": _changing(0.0, 0.0),
    "morphed": _changing(0.4, 2.5),
}


def other_than(
    portraits: Sequence[Portrait], shown: Portrait, random: np.random.Generator
) -> Portrait:
    """Draw a photo of another person."""
    while True:
        other = portraits[int(random.integers(len(portraits)))]
        if other.person != shown.person:
            return other
