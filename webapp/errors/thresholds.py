"""Errors of the settings that decide a match."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.errors.base import ServiceError


class ThresholdOutOfRange(ServiceError):
    """The threshold is outside the scores 0 to 100."""

    code = "threshold_out_of_range"


class SettingConflict(ServiceError):
    """The setting has changed since the one that the request is based on."""

    code = "threshold_changed_meanwhile"


class RuleNotMeasured(ServiceError):
    """The model's calibration has no curve for the matching rule."""

    code = "rule_not_measured"


class PointsOutOfRange(ServiceError):
    """The points of a person's threshold are out of range; `details` hold the most points."""

    code = "points_out_of_range"

    def __init__(self, most: float) -> None:
        super().__init__(most=most)


@dataclass(frozen=True)
class Danger:
    """A risk of a setting: its code, and the share of attempts affected, 0 to 1."""

    code: str
    share: float | None = None


class ConfirmationNeeded(ServiceError):
    """The setting is dangerous and was not confirmed; `dangers` hold the reasons."""

    code = "confirmation_needed"

    def __init__(self, dangers: tuple[Danger, ...]) -> None:
        super().__init__()
        self.dangers = dangers


class SearchOutOfRange(ServiceError):
    """The rate or the margin of identification is outside its bounds."""

    code = "search_out_of_range"
