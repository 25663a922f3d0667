"""What is kept of one frame of a challenge: enough to judge it, and to judge it again."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from ml.faces.types import Box
from ml.liveness.geometry import Shape

# A small aligned grey face, for telling whether the next frame continues this one.
CHIP_SIDE = 24
# A larger one, for telling a flat picture from a head.
CLOSE_UP_SIDE = 96
LARGEST_EMBEDDING = 4096


@dataclass(frozen=True, eq=False)
class Observation:
    """The main face of one frame.

    Attributes:
        number: of the frame among those observed, from 0.
        at: seconds on the server's clock since the challenge began.
        faces: how many faces stand in the frame; 1 while the face is followed from the last frame.
        width, height: of the frame, in pixels.
        box: x, y, width and height of the face, in pixels.
        landmarks: float32 (5, 2), in pixels.
        confidence: the detector's, 0 to 1.
        yaw, pitch, roll: of the head by itself, in degrees (`ml.faces.pose`).
        brightness: mean luminance of the face, 0 to 255.
        sharpness: fine detail of the face relative to its contrast, in percent; 0 in frames after
            the one that looked straight ahead, where nobody asks for it.
        chip: uint8 (24, 24), the aligned face in grey.
        embedding: float32 (d,) of unit length, for the frames that decide who it is; else None.
        close_up: uint8 (96, 96), the aligned face in grey, of the one that looked straight ahead;
            else None.
        relief: how badly a flat motion explains what changed since then, in percent of the distance
            between the eyes (`ml.liveness.relief`); 0 in frames where nobody asks for it.
    """

    number: int
    at: float
    faces: int
    width: int
    height: int
    box: Box
    landmarks: np.ndarray
    confidence: float
    yaw: float
    pitch: float
    roll: float
    brightness: float
    sharpness: float
    chip: np.ndarray
    embedding: np.ndarray | None = None
    close_up: np.ndarray | None = None
    relief: float = 0.0

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

    def to_dict(self) -> dict[str, object]:
        """As JSON can hold it. It is biometric: keep it sealed, and no longer than needed."""
        value: dict[str, object] = {name: getattr(self, name) for name in (*_COUNTS, *_MEASURES)}
        value["box"] = list(self.box)
        value["landmarks"] = self.landmarks.astype(float).ravel().tolist()
        value["chip"] = _text(self.chip)
        value["embedding"] = None if self.embedding is None else _text(self.embedding)
        value["close_up"] = None if self.close_up is None else _text(self.close_up)
        return value

    @classmethod
    def from_dict(cls, value: object) -> Observation:
        """Read what `to_dict` made.

        Raises:
            ValueError: if it is anything else.
        """
        if not isinstance(value, Mapping) or set(value) != {f.name for f in fields(cls)}:
            raise ValueError("an observation has other fields")
        x, y, width, height = _numbers(value["box"], 4)
        number, faces, seen_width, seen_height = (int(_number(value[name])) for name in _COUNTS)
        return cls(
            number=number,
            faces=faces,
            width=seen_width,
            height=seen_height,
            **{name: _number(value[name]) for name in _MEASURES},
            box=(x, y, width, height),
            landmarks=np.array(_numbers(value["landmarks"], 10), np.float32).reshape(5, 2),
            chip=_square(value["chip"], CHIP_SIDE),
            embedding=None if value["embedding"] is None else _embedding(value["embedding"]),
            close_up=None
            if value["close_up"] is None
            else _square(value["close_up"], CLOSE_UP_SIDE),
        )


_COUNTS = ("number", "faces", "width", "height")
_MEASURES = ("at", "confidence", "yaw", "pitch", "roll", "brightness", "sharpness", "relief")


def _text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def _square(text: object, side: int) -> np.ndarray:
    grey = _array(text, np.uint8)
    if grey.size != side**2:
        raise ValueError(f"expected {side**2} values")
    return grey.reshape(side, side)


def _array(text: object, dtype: type[np.generic]) -> np.ndarray:
    if not isinstance(text, str):
        raise ValueError("expected Base64")
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), dtype)
    except (binascii.Error, ValueError) as error:
        raise ValueError("expected Base64 of whole numbers") from error


def _embedding(text: object) -> np.ndarray:
    embedding = _array(text, np.float32)
    if not 0 < embedding.size <= LARGEST_EMBEDDING or not np.isfinite(embedding).all():
        raise ValueError("an embedding holds finite numbers")
    return embedding


def _numbers(value: object, count: int) -> list[float]:
    if not isinstance(value, list) or len(value) != count:
        raise ValueError(f"expected {count} numbers")
    return [_number(item) for item in value]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("expected a finite number")
    return float(value)
