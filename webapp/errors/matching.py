"""Errors of verification and identification."""

from __future__ import annotations

import math
from datetime import timedelta

from webapp.errors.base import ServiceError

RETRY_AFTER = timedelta(seconds=2)


class NobodyEnrolled(ServiceError):
    """The gallery is empty."""

    code = "nobody_enrolled"


class UnknownAttempt(ServiceError):
    """The attempt does not exist, or was deleted."""

    code = "unknown_attempt"


class MustWait(ServiceError):
    """A lockout is active after several failures in a row.

    Attributes:
        seconds: whole seconds to wait; also in `details`.
    """

    code = "must_wait"

    def __init__(self, left: timedelta) -> None:
        self.seconds = math.ceil(left.total_seconds())
        super().__init__(seconds=self.seconds)


class Busy(MustWait):
    """The face analysis queue is full; `details` hold the seconds to wait."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(RETRY_AFTER)


class GalleryLoading(MustWait):
    """The gallery is still loading after a start; `details` hold the seconds to wait."""

    code = "gallery_warming"

    def __init__(self, seconds: int) -> None:
        super().__init__(timedelta(seconds=seconds))


class FaceDisabled(ServiceError):
    """A permanent lockout is active; an administrator has to lift it."""

    code = "face_disabled"


class ResultOver(ServiceError):
    """The result has expired, or belongs to another session."""

    code = "result_over"
