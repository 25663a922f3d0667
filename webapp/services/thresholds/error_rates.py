"""Error rates of a threshold, as the calibration measured them."""

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

# NIST SP 800-63B-4: maximum false match rate of a face that authenticates, 1 in 10,000.
AUTHENTICATOR_FAR = 1e-4
GOALS = {"convenient": 1e-2, "balanced": 1e-3, "strict": 1e-4}
TENTHS = range(int(LOWEST_SCORE * 10), int(HIGHEST_SCORE * 10) + 1)


@dataclass(frozen=True)
class Rate:
    """A share of trials, 0 to 1, with its 95 % interval.

    Attributes:
        supported: smallest share that the data can support.
    """

    share: float
    low: float
    high: float
    supported: float

    @property
    def is_supported(self) -> bool:
        """Whether the data can distinguish this share from a smaller one."""
        return self.share >= self.supported

    @property
    def bound(self) -> float:
        """Upper bound of the share, for shares that the data does not support."""
        return max(self.high, self.supported)


@dataclass(frozen=True)
class Cost:
    """Error rates of a score as threshold: FAR in `strangers`, FRR in `genuine`."""

    score: float
    strangers: Rate
    genuine: Rate

    @property
    def dangers(self) -> tuple[Danger, ...]:
        """Dangers of the score as threshold; empty if there are none."""
        return dangers.of_rates(self.strangers.share, self.genuine.share)

    @property
    def authenticator(self) -> Literal["weaker", "unsure", "enough"]:
        """Comparison of the FAR with the maximum of NIST for authenticators."""
        if self.strangers.share > AUTHENTICATOR_FAR:
            return "weaker"
        return "unsure" if self.strangers.high > AUTHENTICATOR_FAR else "enough"


@dataclass(frozen=True)
class Preset:
    """A target FAR, and the lowest score that reaches it; None if the data does not support it."""

    goal: str
    far: float
    score: float | None


@dataclass(frozen=True)
class Costs:
    """Error rates of every threshold, by one matching rule and number of anchors.

    `people_tried` is the number of people behind the genuine trials. It replaces the number of
    trials as sample size where people are few.
    """

    calibration: Calibration
    curve: Curve
    people_tried: int | None = None

    def at(self, score: float) -> Cost:
        """Return the error rates of a score, 0 to 100, as threshold."""
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
        """Numbers of anchors that were measured: the curve's own, or its two neighbours."""
        measured = self.calibration.measured_for(self.curve.rule, self.curve.anchors)
        return tuple(curve.anchors for curve in measured)

    @property
    def frr_supported(self) -> float:
        """Smallest FRR that the genuine trials can support."""
        return upper_bound_without_errors(self.people_tried or self.curve.genuine_trials)

    def presets(self) -> tuple[Preset, ...]:
        """Return one preset for each goal, from convenient to strict."""
        return tuple(Preset(goal, far, self._score_for(far)) for goal, far in GOALS.items())

    def _score_for(self, far: float) -> float | None:
        """Return the lowest score, in tenths, at which FAR is at most `far`."""
        if far < self.curve.far_supported:
            return None
        place = bisect_left(
            TENTHS, True, key=lambda tenth: self.at(tenth / 10).strangers.share <= far
        )
        return TENTHS[place] / 10 if place < len(TENTHS) else None

    def corners(self) -> tuple[Cost, ...]:
        """Return the error rates at the knots, by ascending score; they are linear in between."""
        measured = {self.calibration.score(float(value)) for value in self.curve.threshold}
        mapped = {float(score) for score in self.calibration.score_knots[1]}
        return tuple(
            self.at(score)
            for score in sorted(measured | mapped)
            if LOWEST_SCORE <= score <= HIGHEST_SCORE
        )

    def equivalent(self, cost: Cost) -> float:
        """Return the score, in tenths, with the FAR of `cost`, or the smallest FAR supported."""
        far = max(cost.strangers.share, self.curve.far_supported)
        score = self.calibration.score(self.curve.threshold_at_far(far))
        return min(ceil(score * 10) / 10, HIGHEST_SCORE)


@dataclass(frozen=True)
class Spread:
    """Trials between two scores, as shares of all, 0 to 1."""

    low: float
    high: float
    genuine: float
    impostor: float


def spread(histogram: Histogram, calibration: Calibration) -> tuple[Spread, ...]:
    """Return the histogram in bins of ten score points, with trials spread evenly inside a bin."""
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
    """Return the error rates by a threshold's rule, for people with `anchors` anchors."""
    return costs_by(threshold.rule, anchors)


def costs_by(rule: str, anchors: int) -> Costs:
    """Return the error rates by a matching rule, for people with `anchors` anchors."""
    calibration = active_model().engine.calibration
    return Costs(calibration, calibration.curve(rule, anchors))


def typical_anchors() -> int:
    """Return the median number of anchors of a person; 1 if nobody is enrolled."""
    return active_model().gallery.refresh().typical_anchors
