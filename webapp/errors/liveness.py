"""Errors of liveness checks and their setting."""

from __future__ import annotations

from webapp.errors.base import ServiceError


class MovementsTooFew(ServiceError):
    """A challenge is drawn from some movements; `details` name the fewest."""

    code = "movements_too_few"

    def __init__(self, fewest: int) -> None:
        super().__init__(fewest=fewest)


class StrengthUnknown(ServiceError):
    """There is no challenge of this strength."""

    code = "strength_unknown"


class ChallengeNeeded(ServiceError):
    """Pictures alone do not do: whoever is before the camera shows that they are there."""

    code = "challenge_needed"


class ChallengeNotAsked(ServiceError):
    """No challenge is asked for before this."""

    code = "challenge_not_asked"


class ChallengeUnknown(ServiceError):
    """There is no such challenge for this session and claim, or no longer."""

    code = "challenge_unknown"


class ChallengeOver(ServiceError):
    """The challenge took too long, or too many frames."""

    code = "challenge_over"


class ChallengeFailed(ServiceError):
    """What the frames showed is not what was asked for; which cue says so is not told."""

    code = "challenge_failed"


class FrameOutOfOrder(ServiceError):
    """Frames are numbered from 1 without gaps; `details` name the number expected."""

    code = "frame_out_of_order"

    def __init__(self, expected: int) -> None:
        super().__init__(expected=expected)


class LabelUnknown(ServiceError):
    """There is no such label for what stood before the camera."""

    code = "label_unknown"


class WaiverUnexplained(ServiceError):
    """A challenge is waived for one of the reasons that are known."""

    code = "waiver_unexplained"
