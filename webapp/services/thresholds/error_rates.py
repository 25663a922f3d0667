"""What a threshold costs: strangers accepted and genuine tries refused, as the calibration saw."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np

from ml import Calibration, Curve, Histogram, upper_bound_without_errors
from webapp.errors.thresholds import Danger
from webapp.inference.active_model import active_model
from webapp.services.thresholds import dangers
from webapp.services.thresholds.verification import HIGHEST_SCORE, LOWEST_SCORE, Threshold

# NIST SP 800-63B-4: a face that authenticates is falsely matched in at most 1 of 10,000 tries.
AUTHENTICATOR_FAR = 1e-4
GOALS = {"convenient": 1e-2, "balanced": 1e-3, "strict": 1e-4}
TENTHS = range(int(LOWEST_SCORE * 10), int(HIGHEST_SCORE * 10) + 1)


@dataclass(frozen=True)
class Rate:
    """A share of trials, 0 to 1, with its 95 % interval.

    Attributes:
        supported: the smallest share that the data can support.
    """

    share: float
    low: float
    high: float
    supported: float

    @property
    def is_supported(self) -> bool:
        """Whether the data can tell this share from less."""
        return self.share >= self.supported

    @property
    def bound(self) -> float:
        """What the share is below, where it is not supported itself."""
        return max(self.high, self.supported)


@dataclass(frozen=True)
class Cost:
    """What a score costs as threshold: strangers accepted (FAR), genuine tries refused (FRR)."""

    score: float
    strangers: Rate
    genuine: Rate

    @property
    def dangers(self) -> tuple[Danger, ...]:
        """What makes the score dangerous as threshold; empty if nothing does."""
        return dangers.of_rates(self.strangers.share, self.genuine.share)

    @property
    def authenticator(self) -> Literal["weaker", "unsure", "enough"]:
        """How it stands to the FAR that NIST asks of an authenticator."""
        if self.strangers.share > AUTHENTICATOR_FAR:
            return "weaker"
        return "unsure" if self.strangers.high > AUTHENTICATOR_FAR else "enough"


@dataclass(frozen=True)
class Preset:
    """A goal and the lowest score that reaches it; without one the data does not support it."""

    goal: str
    far: float
    score: float | None


@dataclass(frozen=True)
class Costs:
    """The costs of every threshold, by one matching rule and number of anchors.

    `people_tried` is how many people stand behind the genuine trials, where these are so few that
    people, not trials, are to be counted.
    """

    calibration: Calibration
    curve: Curve
    people_tried: int | None = None

    def at(self, score: float) -> Cost:
        """What a score, 0 to 100, costs as threshold."""
        rates = self.curve.rates_at(self.calibration.similarity(score))
        return Cost(
            score=score,
            strangers=Rate(
                rates["far"], rates["far_low"], rates["far_high"], self.curve.far_supported
            ),
            genuine=Rate(rates["frr"], rates["frr_low"], rates["frr_high"], self.frr_supported),
        )

    @property
    def anchors_behind(self) -> tuple[int, ...]:
        """With how many anchors was measured: the curve's own number, or two near it."""
        measured = self.calibration.measured_for(self.curve.rule, self.curve.anchors)
        return tuple(curve.anchors for curve in measured)

    @property
    def frr_supported(self) -> float:
        """The smallest FRR that the genuine trials can support."""
        return upper_bound_without_errors(self.people_tried or self.curve.genuine_trials)

    def presets(self) -> tuple[Preset, ...]:
        """One a goal, from convenient to strict."""
        return tuple(Preset(goal, far, self._score_for(far)) for goal, far in GOALS.items())

    def _score_for(self, far: float) -> float | None:
        """The lowest score, in tenths, at which FAR is at most `far`."""
        if far < self.curve.far_supported:
            return None
        place = bisect_left(
            TENTHS, True, key=lambda tenth: self.at(tenth / 10).strangers.share <= far
        )
        return TENTHS[place] / 10 if place < len(TENTHS) else None

    def corners(self) -> tuple[Cost, ...]:
        """The costs by ascending score where they bend; between two of them they are straight."""
        measured = {self.calibration.score(float(value)) for value in self.curve.threshold}
        mapped = {float(score) for score in self.calibration.score_knots[1]}
        return tuple(
            self.at(score)
            for score in sorted(measured | mapped)
            if LOWEST_SCORE <= score <= HIGHEST_SCORE
        )

    def equivalent(self, cost: Cost) -> float:
        """The score, in tenths, that lets as few strangers pass as a cost, as far as is known."""
        far = max(cost.strangers.share, self.curve.far_supported)
        score = self.calibration.score(self.curve.threshold_at_far(far))
        return min(ceil(score * 10) / 10, HIGHEST_SCORE)


@dataclass(frozen=True)
class Spread:
    """How many trials score from one score to another: shares of all, 0 to 1."""

    low: float
    high: float
    genuine: float
    impostor: float


def spread(histogram: Histogram, calibration: Calibration) -> tuple[Spread, ...]:
    """A histogram by tens of score; inside a bar its trials count as evenly spread."""
    scores = range(int(LOWEST_SCORE), int(HIGHEST_SCORE) + 1, 10)
    similarities = [calibration.similarity(score) for score in scores]
    below = [
        np.interp(similarities, histogram.edges, np.concatenate([[0], np.cumsum(shares)]))
        for shares in (histogram.genuine, histogram.impostor)
    ]
    genuine, impostor = (np.diff(shares) for shares in below)
    return tuple(
        Spread(float(low), float(high), float(of_genuine), float(of_impostor))
        for low, high, of_genuine, of_impostor in zip(
            scores[:-1], scores[1:], genuine, impostor, strict=True
        )
    )


def costs_of(threshold: Threshold, anchors: int) -> Costs:
    """The costs by a threshold's rule, for people with so many anchors."""
    return costs_by(threshold.rule, anchors)


def costs_by(rule: str, anchors: int) -> Costs:
    """The costs by a matching rule, for people with so many anchors."""
    calibration = active_model().engine.calibration
    return Costs(calibration, calibration.curve(rule, anchors))


def typical_anchors() -> int:
    """How many anchors a person here has at the middle; 1 where nobody is enrolled."""
    return active_model().gallery.refresh().typical_anchors
