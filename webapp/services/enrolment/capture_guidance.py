"""Analyse a picture for capture guidance, before it is used; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter

from ml import FaceError, NoFace, TooDark, TwoFaces
from webapp.core.actor import Actor
from webapp.inference.active_model import active_model
from webapp.inference.admission import face_slot

Shares = tuple[float, float, float, float]


@dataclass(frozen=True)
class FrameVerdict:
    """Result of an analysis.

    Attributes:
        ok: whether the picture can be used as it is.
        faces: number of faces.
        reasons: codes of the faults, the most important first; empty if there is none.
        details: values for the message about the first reason.
        box: box of the main face: x, y, width, height as shares of the picture, 0 to 1.
        yaw, pitch: pose of the main face in degrees.
        milliseconds: duration of the analysis.
    """

    ok: bool
    faces: int = 0
    reasons: tuple[str, ...] = ()
    details: dict[str, object] = field(default_factory=dict)
    box: Shares | None = None
    yaw: float | None = None
    pitch: float | None = None
    milliseconds: float = 0.0


def check_frame(frame: bytes, actor: Actor) -> FrameVerdict:
    """Check whether a live frame is good enough to capture; any fault is a reason to wait."""
    return _timed(_frame, frame, actor)


def check_picture(picture: bytes, actor: Actor) -> FrameVerdict:
    """Check whether enrolment would accept a chosen picture; advice alone does not reject it."""
    return _timed(_picture, picture, actor)


def _timed(
    analyse: Callable[[bytes, Actor], FrameVerdict], data: bytes, actor: Actor
) -> FrameVerdict:
    started = perf_counter()
    try:
        check = analyse(data, actor)
    except FaceError as error:
        check = FrameVerdict(ok=False, reasons=(error.code,), details=error.details)
    return replace(check, milliseconds=(perf_counter() - started) * 1000)


def _frame(frame: bytes, actor: Actor) -> FrameVerdict:
    with face_slot(actor):
        seen = active_model().engine.inspect(frame, live=True)
    if seen.main is None or seen.quality is None:
        return FrameVerdict(ok=False, reasons=(TooDark.code if seen.dark else NoFace.code,))
    crowded = (TwoFaces.code,) if seen.rivals else ()
    x, y, width, height = seen.main.box
    return FrameVerdict(
        ok=not crowded and seen.quality.good,
        faces=len(seen.faces),
        reasons=crowded + seen.quality.reasons,
        box=(x / seen.width, y / seen.height, width / seen.width, height / seen.height),
        yaw=seen.quality.yaw,
        pitch=seen.quality.pitch,
    )


def _picture(picture: bytes, actor: Actor) -> FrameVerdict:
    with face_slot(actor):
        face = active_model().engine.analyse(picture, purpose="enrol")
    return FrameVerdict(
        ok=True,
        faces=1,
        reasons=face.quality.reasons,
        yaw=face.quality.yaw,
        pitch=face.quality.pitch,
    )
