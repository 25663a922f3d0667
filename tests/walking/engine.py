"""An engine for walks over the pages: a picture says in JSON what is to be seen in it.

It stands in where words matter and faces do not: no network is loaded, and every answer that an
engine can give is one picture away. Calibration and model id are the shipped model's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

import ml

SHORT_SIDE = 480
# Cosines of strangers and of two pictures of one person, as with the shipped models.
STRANGERS, SAME = 0.72, 0.985
STEP_FRAMES = 2


def picture(person: int = 0, number: int = 0, **facts: Any) -> bytes:
    """A picture of a person.

    Args:
        person: who is in it.
        number: pictures of one person with other numbers differ a little.
        facts: `error` and its `details`, `reasons`, `like` (another person that it resembles),
            `rivals`, `dark`, `faces` (0 for none) or, before the camera, `hint` and `failed`.
    """
    return json.dumps({"person": person, "number": number, **facts}).encode()


class PictureBookEngine:
    """What `ml.Engine` offers, without a network."""

    def __init__(self) -> None:
        artifact = ml.load_artifact(ml.DEFAULT_MODEL)
        self.artifact, self.name, self.model_id = artifact, artifact.config.name, artifact.model_id
        self.embedding_size = artifact.config.network.embedding_size
        self.description = artifact.description

    @cached_property
    def calibration(self) -> ml.Calibration:
        return ml.load_calibration(self.artifact.folder, self.model_id)

    def warm_up(self) -> None:
        """Nothing has to be traced."""

    def inspect(self, data: bytes, **_: Any) -> ml.Inspection:
        facts = _read(data)
        count = facts.get("faces", 1)
        faces = tuple(_detected() for _ in range(count))
        return ml.Inspection(
            faces=faces,
            main=faces[0] if faces else None,
            quality=_quality(facts) if faces else None,
            rivals=facts.get("rivals", 0),
            dark=facts.get("dark", False),
            width=SHORT_SIDE,
            height=SHORT_SIDE,
        )

    def analyse(self, data: bytes, **_: Any) -> ml.Face:
        facts = _read(data)
        chip = np.zeros((8, 8, 3), np.uint8)
        return ml.Face(_detected(), _quality(facts), chip, self.embedding(facts), data)

    def observe(
        self,
        data: bytes,
        at: float,
        challenge: ml.Challenge,
        before: Sequence[ml.Observation] = (),
        **_: Any,
    ) -> tuple[ml.Observation, ml.Progress]:
        """Each movement takes two frames; the hint and the failure are in the frame."""
        facts = _read(data)
        number, of = len(before), len(challenge.steps)
        step = (number + 1) // STEP_FRAMES
        seen = ml.Observation(
            number=number,
            at=at,
            faces=1,
            width=SHORT_SIDE,
            height=SHORT_SIDE,
            box=(100.0, 100.0, 200.0, 200.0),
            landmarks=np.ones((5, 2), np.float32),
            confidence=1.0,
            chip=np.zeros((24, 24), np.uint8),
            yaw=float(bool(facts.get("failed"))),
            embedding=self.embedding(facts),
        )
        progress = ml.Progress(
            step=min(step, of),
            of=of,
            done=step > of,
            share=0.5,
            hint=facts.get("hint"),
            failed=False,
            light=None,
        )
        return seen, progress

    def judge(self, challenge: ml.Challenge, observations: Sequence[ml.Observation]) -> ml.Verdict:
        """Failed if a frame said so."""
        failed = any(seen.yaw for seen in observations)
        reasons = ("other_movement",) if failed else ()
        return ml.Verdict(not failed, reasons, {"seconds": 3.0, "least_turn": 0.9}, 0)

    def embedding(self, facts: dict[str, Any]) -> np.ndarray:
        """Somebody's face, and a little of the one that it resembles."""
        face = self._face(facts["person"])
        if "like" in facts:
            face = _unit(0.2 * face + 0.8 * self._face(facts["like"]))
        shake = _direction((facts["person"] + 1, facts["number"] + 1), self.embedding_size)
        return _unit(np.sqrt(SAME) * face + np.sqrt(1 - SAME) * shake).astype(np.float32)

    def _face(self, person: int) -> np.ndarray:
        middle = _direction((0,), self.embedding_size)
        own = _direction((person + 1, 0), self.embedding_size)
        return _unit(np.sqrt(STRANGERS) * middle + np.sqrt(1 - STRANGERS) * own)


def _read(data: bytes) -> dict[str, Any]:
    """What is in a picture.

    Raises:
        FaceError: if the picture says so, or is no picture.
    """
    try:
        facts: dict[str, Any] = json.loads(data)
    except ValueError:
        facts = {"error": "not_an_image"}
    if "error" in facts:
        raise face_errors()[facts["error"]](**facts.get("details", {}))
    return facts


def face_errors() -> dict[str, type[ml.FaceError]]:
    """Every reason against a picture by its code."""
    return {kind.code: kind for kind in _kinds(ml.FaceError)}


def _kinds(kind: type[ml.FaceError]) -> Iterator[type[ml.FaceError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def _direction(seed: tuple[int, ...], size: int) -> np.ndarray:
    return _unit(np.random.default_rng(seed).standard_normal(size))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _detected() -> ml.DetectedFace:
    return ml.DetectedFace((100.0, 100.0, 200.0, 200.0), np.ones((5, 2), np.float32), 1.0)


def _quality(facts: dict[str, Any]) -> ml.Quality:
    measured = dict.fromkeys(ml.Quality.__dataclass_fields__, 0.0)
    return ml.Quality(**measured | {"face_px": 200.0, "reasons": tuple(facts.get("reasons", ()))})
