"""What is kept of one frame of a challenge: enough to judge it, and to judge it again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ml.faces.types import Box
from ml.liveness.pose_change import Shape

# A small aligned grey face, for telling whether the next frame continues this one.
CHIP_SIDE = 24
# A larger one, for telling a flat picture from a head.
CLOSE_UP_SIDE = 96
Colour = tuple[float, float, float]
BLACK: Colour = (0.0, 0.0, 0.0)
NOT_COUNTED = 0
# How an observation is kept: this, then the embedding and the close-up where there are any.
_RECORD = np.dtype(
    [
        *((name, "<i4") for name in ("number", "faces", "width", "height")),
        *((name, "<f8") for name in ("at", "confidence", "yaw", "pitch", "roll")),
        *((name, "<f8") for name in ("brightness", "sharpness", "relief")),
        ("box", "<f8", (4,)),
        *((name, "<f8", (3,)) for name in ("skin", "dark")),
        ("landmarks", "<f4", (5, 2)),
        ("chip", "u1", (CHIP_SIDE, CHIP_SIDE)),
        ("embedding_size", "<u2"),
        ("has_close_up", "?"),
    ]
)
_NUMBER = np.dtype("<f4")  # of an embedding


@dataclass(frozen=True, eq=False)
class Observation:
    """The main face of one frame.

    Attributes:
        number: of the frame among those observed, from 0.
        at: seconds on the server's clock since the challenge began.
        faces: how many faces of its size stand in the frame; `NOT_COUNTED` while the face is
            followed from the last frame.
        width, height: of the frame, in pixels.
        box: x, y, width and height of the face, in pixels.
        landmarks: float32 (5, 2), in pixels.
        confidence: the detector's, 0 to 1.
        chip: uint8 (24, 24), the aligned face in grey.
        yaw, pitch, roll: of the head by itself, in degrees (`ml.faces.pose`); like brightness and
            sharpness 0 in frames after the one that looked straight ahead, where nobody asks.
        brightness: mean luminance of the face, 0 to 255.
        sharpness: fine detail of the face relative to its contrast, in percent.
        embedding: float32 (d,) of unit length, for the frames that decide who it is; else None.
        close_up: uint8 (96, 96), the aligned face in grey, of the one that looked straight ahead;
            else None.
        relief: how badly a flat motion explains what changed since then, in percent of the distance
            between the eyes (`ml.liveness.parallax`); 0 in frames where nobody asks for it.
        skin, dark: mean red, green and blue, 0 to 255, of nose and cheeks, and of what is darkest
            in the face (`ml.liveness.colour_reflection`); black where no light is asked for.
    """

    number: int
    at: float
    faces: int
    width: int
    height: int
    box: Box
    landmarks: np.ndarray
    confidence: float
    chip: np.ndarray
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    brightness: float = 0.0
    sharpness: float = 0.0
    embedding: np.ndarray | None = None
    close_up: np.ndarray | None = None
    relief: float = 0.0
    skin: Colour = BLACK
    dark: Colour = BLACK

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Middle of the landmarks, in pixels."""
        points = self.landmarks.tolist()
        return sum(x for x, _ in points) / 5, sum(y for _, y in points) / 5

    @cached_property
    def shape(self) -> Shape:
        """What a turn changes in the face."""
        return Shape.of(self.landmarks)

    @cached_property
    def look(self) -> np.ndarray:
        """The small grey face without mean and of length 1; their product is a correlation."""
        grey = self.chip.astype(np.float32).ravel()
        grey -= grey.mean()
        return grey / max(float(np.linalg.norm(grey)), 1e-6)

    def with_embedding(self, embedding: np.ndarray) -> Observation:
        """The same frame, and who is in it."""
        return replace(self, embedding=embedding)

    def to_bytes(self) -> bytes:
        """As it is kept. It is biometric: keep it sealed, and no longer than needed."""
        embedding = b"" if self.embedding is None else self.embedding.astype(_NUMBER).tobytes()
        close_up = b"" if self.close_up is None else self.close_up.tobytes()
        sizes = {
            "embedding_size": len(embedding) // _NUMBER.itemsize,
            "has_close_up": bool(close_up),
        }
        values = tuple((vars(self) | sizes)[name] for name in _RECORD.names or ())
        return np.array(values, _RECORD).tobytes() + embedding + close_up

    @classmethod
    def from_bytes(cls, data: bytes) -> Observation:
        """Read what `to_bytes` made.

        Raises:
            ValueError: if it is anything else.
        """
        values = _fields(data)
        middle = _RECORD.itemsize + values.pop("embedding_size") * _NUMBER.itemsize
        end = middle + CLOSE_UP_SIDE**2 * values.pop("has_close_up")
        if len(data) != end:
            raise ValueError("an observation has another length")
        embedding = np.frombuffer(data[_RECORD.itemsize : middle], _NUMBER)
        if not _finite(embedding):
            raise ValueError("an embedding holds finite numbers")
        close_up = np.frombuffer(data[middle:], np.uint8)
        return cls(
            **values,
            embedding=embedding if embedding.size else None,
            close_up=close_up.reshape(CLOSE_UP_SIDE, CLOSE_UP_SIDE) if close_up.size else None,
        )


def _fields(data: bytes) -> dict[str, Any]:
    """What every observation has."""
    if len(data) < _RECORD.itemsize:
        raise ValueError("an observation is longer")
    record = np.frombuffer(data, _RECORD, 1)[0]
    values = dict(zip(_RECORD.names or (), record.item(), strict=True))
    values |= {name: tuple(values[name].tolist()) for name in ("box", "skin", "dark")}
    measures = [value for value in values.values() if isinstance(value, float)]
    measures += (*values["box"], *values["skin"], *values["dark"])
    if not all(map(math.isfinite, measures)) or not _finite(values["landmarks"]):
        raise ValueError("an observation holds finite numbers")
    return values


def _finite(numbers: np.ndarray) -> bool:
    return bool(np.isfinite(numbers).all())
