"""What stands in a picture, for guidance before it is used; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter

from ml import FaceError, NoFace, TooDark, TwoFaces
from webapp.inference.active_model import active_model
from webapp.inference.admission import turn

Shares = tuple[float, float, float, float]


@dataclass(frozen=True)
class Check:
    """What was seen.

    Attributes:
        ok: whether the picture can be used as it is.
        faces: how many there are.
        reasons: codes of what is wrong, the most important first; empty if nothing is.
        details: facts about the first reason, for its words.
        box: of the main face: x, y, width, height as shares of the picture, 0 to 1.
        yaw, pitch: of the main face, in degrees.
        milliseconds: how long it took.
    """

    ok: bool
    faces: int = 0
    reasons: tuple[str, ...] = ()
    details: dict[str, object] = field(default_factory=dict)
    box: Shares | None = None
    yaw: float | None = None
    pitch: float | None = None
    milliseconds: float = 0.0


def check_frame(frame: bytes) -> Check:
    """Look at a live frame: is it good enough to be taken? Any complaint is a reason to wait."""
    return _timed(_frame, frame)


def check_picture(picture: bytes) -> Check:
    """Look at a chosen picture: would enrolment accept it? Complaints that only advise pass."""
    return _timed(_picture, picture)


def _timed(look: Callable[[bytes], Check], data: bytes) -> Check:
    started = perf_counter()
    try:
        seen = look(data)
    except FaceError as error:
        seen = Check(ok=False, reasons=(error.code,), details=error.details)
    return replace(seen, milliseconds=(perf_counter() - started) * 1000)


def _frame(frame: bytes) -> Check:
    with turn():
        seen = active_model().engine.inspect(frame, live=True)
    if seen.main is None or seen.quality is None:
        return Check(ok=False, reasons=(TooDark.code if seen.dark else NoFace.code,))
    crowded = (TwoFaces.code,) if seen.rivals else ()
    x, y, width, height = seen.main.box
    return Check(
        ok=not crowded and seen.quality.good,
        faces=len(seen.faces),
        reasons=crowded + seen.quality.reasons,
        box=(x / seen.width, y / seen.height, width / seen.width, height / seen.height),
        yaw=seen.quality.yaw,
        pitch=seen.quality.pitch,
    )


def _picture(picture: bytes) -> Check:
    with turn():
        face = active_model().engine.analyse(picture, purpose="enrol")
    return Check(
        ok=True,
        faces=1,
        reasons=face.quality.reasons,
        yaw=face.quality.yaw,
        pitch=face.quality.pitch,
    )
