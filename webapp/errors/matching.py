"""Errors of verification and identification."""

from __future__ import annotations

import math
from datetime import timedelta

from webapp.errors.base import ServiceError

RETRY_AFTER = timedelta(seconds=2)


class NobodyEnrolled(ServiceError):
    """There is nobody to compare with."""

    code = "nobody_enrolled"


class UnknownAttempt(ServiceError):
    """No such attempt, or no longer."""

    code = "unknown_attempt"


class MustWait(ServiceError):
    """Too many failures in a row.

    Attributes:
        seconds: to wait, whole ones; also in `details`.
    """

    code = "must_wait"

    def __init__(self, left: timedelta) -> None:
        self.seconds = math.ceil(left.total_seconds())
        super().__init__(seconds=self.seconds)


class Busy(MustWait):
    """More faces are to be looked at than this machine can; `details` say when to come again."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(RETRY_AFTER)


class GalleryWarming(MustWait):
    """Who is enrolled is still being read after a start; `details` say when to come again."""

    code = "gallery_warming"

    def __init__(self, seconds: int) -> None:
        super().__init__(timedelta(seconds=seconds))


class FaceDisabled(ServiceError):
    """There were so many failures in a row that an administrator has to act."""

    code = "face_disabled"


class ResultOver(ServiceError):
    """A result is shown for minutes, and to the session that asked for it alone."""

    code = "result_over"
