"""Errors of settings that decide a match."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.errors.base import ServiceError


class ThresholdOutOfRange(ServiceError):
    """A threshold is a score from 0 to 100."""

    code = "threshold_out_of_range"


class ThresholdChangedMeanwhile(ServiceError):
    """Somebody else set another threshold since the one that a change is based on."""

    code = "threshold_changed_meanwhile"


class RuleNotMeasured(ServiceError):
    """The calibration of the model knows nothing of the matching rule."""

    code = "rule_not_measured"


class PersonThresholdTooLow(ServiceError):
    """A person's threshold would let too many strangers pass; `details` name the lowest points."""

    code = "person_threshold_too_low"

    def __init__(self, lowest: float) -> None:
        super().__init__(lowest=lowest)


class PointsOutOfRange(ServiceError):
    """The distance of a person's threshold is a number, and `details` name the most points."""

    code = "points_out_of_range"

    def __init__(self, most: float) -> None:
        super().__init__(most=most)


@dataclass(frozen=True)
class Danger:
    """Why a setting is dangerous: a code, and the share of attempts that it costs, 0 to 1."""

    code: str
    share: float | None = None


class ConfirmationNeeded(ServiceError):
    """The setting is dangerous and was not confirmed; `dangers` say why."""

    code = "confirmation_needed"

    def __init__(self, dangers: tuple[Danger, ...]) -> None:
        super().__init__()
        self.dangers = dangers


class SearchOutOfRange(ServiceError):
    """How a search decides is a rate and a margin within their bounds."""

    code = "search_out_of_range"
