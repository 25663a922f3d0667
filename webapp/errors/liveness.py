"""Errors of liveness checks and their settings."""

from __future__ import annotations

from webapp.errors.base import ServiceError


class MovementsTooFew(ServiceError):
    """Too few movements are allowed to draw a challenge from; `details` hold the minimum."""

    code = "movements_too_few"

    def __init__(self, fewest: int) -> None:
        super().__init__(fewest=fewest)


class StrengthUnknown(ServiceError):
    """The challenge strength does not exist."""

    code = "strength_unknown"


class ChallengeNeeded(ServiceError):
    """Photos alone are not accepted here: a liveness check is required."""

    code = "challenge_needed"


class ChallengeNotAsked(ServiceError):
    """The operation requires no challenge."""

    code = "challenge_not_asked"


class ChallengeUnknown(ServiceError):
    """No open challenge matches this session and claim."""

    code = "challenge_unknown"


class ChallengeOver(ServiceError):
    """The challenge exceeded its time or its number of frames."""

    code = "challenge_over"


class ChallengeFailed(ServiceError):
    """The frames did not pass the challenge; the failed cue is not revealed."""

    code = "challenge_failed"


class FrameOutOfOrder(ServiceError):
    """A frame is out of sequence (1, 2, …); `details` hold the number expected."""

    code = "frame_out_of_order"

    def __init__(self, expected: int) -> None:
        super().__init__(expected=expected)


class LabelUnknown(ServiceError):
    """The label of what the camera saw does not exist."""

    code = "label_unknown"


class WaiverUnexplained(ServiceError):
    """The reason for waiving a challenge is not on the list."""

    code = "waiver_unexplained"
