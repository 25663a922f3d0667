"""A fake engine: the comment of a JPEG states in JSON who and what the picture shows.

It serves in tests that need "the same person" and "another person", but no network. It offers what
the web app uses of `ml.Engine`. Pictures are decoded as the real engine does, so that files which
are no pictures are refused alike. Calibration and model id are the shipped model's.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

import ml
from ml.faces.decode import LIVE_LIMITS, limits_for
from ml.faces.inspection import decoded

# Cosine of two pictures of one person, as with the shipped models.
SAME = 0.965
STEP_FRAMES = 2
SIDE_PX = 320


def picture(person: int = 0, number: int = 0, **facts: Any) -> bytes:
    """Make a JPEG of a person.

    Args:
        person: name of the person shown.
        number: pictures of one person with other numbers differ a little.
        facts: `error` and its `details`, `reasons`, `like` (another person that it resembles),
            `rivals`, `dark`, `faces` (0 for none) or, before the camera, `hint` and `failed`.
    """
    return labelled(_grey(), person=person, number=number, **facts)


def labelled(jpeg: bytes, **facts: Any) -> bytes:
    """Write facts into the comment of a JPEG; the pixels do not change."""
    comment = json.dumps(facts).encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


class FakeEngine:
    """The part of `ml.Engine` that the web app uses, without a network."""

    def __init__(self) -> None:
        artifact = ml.load_artifact(ml.DEFAULT_MODEL)
        self.artifact, self.name, self.model_id = artifact, artifact.config.name, artifact.model_id
        self.embedding_size = artifact.config.network.embedding_size
        self.description = artifact.description

    @cached_property
    def calibration(self) -> ml.Calibration:
        return ml.load_calibration(self.artifact.folder, self.model_id)

    def warm_up(self) -> None:
        """Do nothing: there is no network to load."""

    def inspect(self, data: bytes, *, thorough: bool = False, live: bool = False) -> ml.Inspection:
        seen = _read(data, live=live)
        faces = tuple(_detected(seen) for _ in range(seen.faces))
        return ml.Inspection(
            faces=faces,
            main=faces[0] if faces else None,
            quality=_quality(seen) if faces else None,
            rivals=seen.facts.get("rivals", 0),
            dark=seen.facts.get("dark", False),
            width=seen.width,
            height=seen.height,
        )

    def analyse(self, data: bytes, *, purpose: str, together: int = 1) -> ml.Face:
        seen = _read(data, together=together)
        if not seen.faces:
            raise ml.NoFace
        quality, rivals = _quality(seen), seen.facts.get("rivals", 0)
        if rivals and purpose == "enrol":
            raise ml.TwoFaces(faces=1 + rivals)
        if purpose != "embed again":
            quality = quality.with_rivals(rivals)
        chip = np.zeros((8, 8, 3), np.uint8)
        return ml.Face(_detected(seen), quality, chip, self.embedding(seen.facts), data)

    def observe(
        self,
        data: bytes,
        at: float,
        challenge: ml.Challenge,
        before: Sequence[ml.Observation] = (),
    ) -> tuple[ml.Observation, ml.Progress]:
        """Complete each movement in two frames; hint and failure are in the frame."""
        seen = _read(data, live=True)
        if not seen.faces:
            raise ml.NoFace
        number, of = len(before), len(challenge.steps)
        step = (number + 1) // STEP_FRAMES
        face = _detected(seen)
        observation = ml.Observation(
            number=number,
            at=at,
            faces=1,
            width=seen.width,
            height=seen.height,
            box=face.box,
            landmarks=face.landmarks,
            confidence=1.0,
            chip=np.zeros((24, 24), np.uint8),
            yaw=float(bool(seen.facts.get("failed"))),
            embedding=self.embedding(seen.facts),
        )
        progress = ml.Progress(
            step=min(step, of),
            of=of,
            done=step > of,
            share=0.5,
            hint=seen.facts.get("hint"),
            failed=False,
            light=None,
        )
        return observation, progress

    def judge(self, challenge: ml.Challenge, observations: Sequence[ml.Observation]) -> ml.Verdict:
        """Judge an attempt failed if one of its frames states so, or if frames are missing."""
        if len(observations) < STEP_FRAMES * (len(challenge.steps) + 1) - 1:
            return ml.Verdict(False, ("unfinished",), {}, -1)
        failed = any(seen.yaw for seen in observations)
        reasons = ("other_movement",) if failed else ()
        return ml.Verdict(not failed, reasons, {"seconds": 3.0, "least_turn": 0.9}, 0)

    def embedding(self, facts: dict[str, Any]) -> np.ndarray:
        """Embed a person, with a share of the person whom the picture resembles; unit length."""
        face = self._face(facts["person"])
        if "like" in facts:
            face = _unit(0.2 * face + 0.8 * self._face(facts["like"]))
        shake = _direction((facts["person"] + 1, facts["number"] + 1), self.embedding_size)
        return _unit(np.sqrt(SAME) * face + np.sqrt(1 - SAME) * shake).astype(np.float32)

    def _face(self, person: int) -> np.ndarray:
        """Return a direction of the person's own, as far from the strangers' mean as theirs are."""
        middle = self.calibration.middle
        own = _direction((person + 1, 0), self.embedding_size)
        length = float(middle @ middle)
        aside = _unit(own - middle * (own @ middle / length))
        return middle + np.sqrt(1 - length) * aside


def face_errors() -> dict[str, type[ml.FaceError]]:
    """Return every error of a picture by its code."""
    return {kind.code: kind for kind in _kinds(ml.FaceError)}


class _Seen(NamedTuple):
    """Facts stated by a picture, and its size in pixels."""

    facts: dict[str, Any]
    width: int
    height: int

    @property
    def faces(self) -> int:
        return self.facts.get("faces", 1 + self.facts.get("rivals", 0))


def _read(data: bytes, *, together: int = 1, live: bool = False) -> _Seen:
    """Read the facts of a picture; one without a label shows no face.

    Raises:
        FaceError: if the picture states one, or is no usable picture.
    """
    image = decoded(data, LIVE_LIMITS if live else limits_for(together))
    facts = facts_of(data)
    if "error" in facts:
        raise face_errors()[facts["error"]](**facts.get("details", {}))
    return _Seen(facts, image.width, image.height)


def facts_of(data: bytes) -> dict[str, Any]:
    """Return the facts in the comment of a JPEG; no face without a comment."""
    comment = Image.open(io.BytesIO(data)).info.get("comment")
    return json.loads(comment) if comment else {"faces": 0}


def _kinds(kind: type[ml.FaceError]) -> Iterator[type[ml.FaceError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


@cache
def _direction(seed: tuple[int, ...], size: int) -> np.ndarray:
    return _unit(np.random.default_rng(seed).standard_normal(size))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


@cache
def _grey() -> bytes:
    encoded = cv2.imencode(".jpg", np.full((SIDE_PX, SIDE_PX, 3), 128, np.uint8))[1]
    return encoded.tobytes()


def _detected(seen: _Seen) -> ml.DetectedFace:
    """Return an upright face in the middle of the picture."""
    size = 0.5 * min(seen.width, seen.height)
    left, top = (seen.width - size) / 2, (seen.height - size) / 2
    shares = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)
    landmarks = shares * np.float32(size) + np.array([left, top], np.float32)
    return ml.DetectedFace((left, top, size, size), landmarks, 1.0)


def _quality(seen: _Seen) -> ml.Quality:
    measured = dict.fromkeys(ml.Quality.__dataclass_fields__, 0.0)
    reasons = tuple(seen.facts.get("reasons", ()))
    return ml.Quality(**measured | {"face_px": 200.0, "reasons": reasons})
