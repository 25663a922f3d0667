"""Error rates over the threshold, and their interpolation between numbers of anchors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml.arrays import Reals

RATES = ("far", "far_low", "far_high", "frr", "frr_low", "frr_high")


@dataclass(frozen=True)
class Curve:
    """Error rates over ascending thresholds for one matching rule and number of anchors.

    Attributes:
        rule: the matching rule.
        anchors: number of anchors a person.
        threshold: similarities, float64 (t,).
        far, far_low, far_high: share of impostor trials accepted and its 95 % interval, (t,).
        frr, frr_low, frr_high: share of genuine trials rejected and its 95 % interval, (t,).
        genuine_trials, impostor_trials: number of trials.
        people: number of people with identities.
        far_supported: the smallest FAR that these people support: 3 divided by the pairs of people.
            Early files, which counted some pairs twice, hold a value smaller by half at most.
    """

    rule: str
    anchors: int
    threshold: Reals
    far: Reals
    far_low: Reals
    far_high: Reals
    frr: Reals
    frr_low: Reals
    frr_high: Reals
    genuine_trials: int
    impostor_trials: int
    people: int
    far_supported: float

    def threshold_at_far(self, far: float) -> float:
        """Return the threshold at which FAR falls to `far`, interpolated by log FAR.

        A FAR below every measured one returns the highest measured threshold.
        """
        return threshold_at(self.threshold, self.far, far)

    def rates_at(self, threshold: float) -> dict[str, float]:
        """Return FAR, FRR and their intervals at a similarity, by linear interpolation."""
        return {
            name: float(rate[0]) for name, rate in self.rates_over(np.array([threshold])).items()
        }

    def rates_over(self, thresholds: Reals) -> dict[str, Reals]:
        """Return FAR, FRR and their intervals at many similarities, (n,) each."""
        return {name: np.interp(thresholds, self.threshold, getattr(self, name)) for name in RATES}


@dataclass(frozen=True)
class Histogram:
    """Distribution of single comparisons over similarity.

    Attributes:
        edges: ascending similarities, float64 (b + 1,).
        genuine, impostor: share of the trials between two edges, float64 (b,); each sums to 1.
    """

    edges: Reals
    genuine: Reals
    impostor: Reals


def threshold_at(thresholds: Reals, rates: Reals, far: float) -> float:
    """Return the threshold at which rates fall to `far`, as `Curve.threshold_at_far`.

    Args:
        thresholds: similarities, ascending, (t,).
        rates: FAR at each of them, (t,).
        far: 0 to 1, above 0.
    """
    positive = rates > 0
    log_far = np.log(rates[positive])[::-1]
    return float(np.interp(np.log(far), log_far, thresholds[positive][::-1]))


def between_curves(fewer: Curve, more: Curve, anchors: int) -> Curve:
    """Interpolate the curve for a number of anchors between two measured ones."""
    share = share_between(anchors, fewer.anchors, more.anchors)
    grid = np.union1d(fewer.threshold, more.threshold)
    few, many = fewer.rates_over(grid), more.rates_over(grid)
    rates: dict[str, Any] = {name: few[name] + share * (many[name] - few[name]) for name in RATES}
    return replace(more, anchors=anchors, threshold=grid, **rates)


def beyond_curves(fewer: Curve, more: Curve, anchors: int) -> Curve:
    """Extrapolate the curve for more anchors than measured from the last two measured curves."""
    grid = np.union1d(fewer.threshold, more.threshold)
    few = np.maximum(fewer.rates_over(grid)["far"], np.finfo(np.float64).tiny)
    rates: dict[str, Any] = more.rates_over(grid)
    growth = np.log(np.maximum(rates["far"], np.finfo(np.float64).tiny) / few)
    # FAR grows with the number of anchors, but at most proportionally.
    power = np.clip(growth / np.log(more.anchors / fewer.anchors), 0, 1)
    growth_factor = (anchors / more.anchors) ** power
    for name in ("far", "far_low", "far_high"):
        rates[name] = _non_increasing(np.minimum(rates[name] * growth_factor, 1))
    return replace(more, anchors=anchors, threshold=grid, **rates)


def share_between(anchors: int, fewer: int, more: int) -> float:
    """Return the position of `anchors` between two numbers by logarithm, 0 to 1; 0 if equal."""
    return 0.0 if fewer == more else float(np.log(anchors / fewer) / np.log(more / fewer))


def _non_increasing(rates: Reals) -> Reals:
    return np.maximum.accumulate(rates[::-1])[::-1]


def interpolate(x: float, knots: Reals, values: Reals) -> float:
    """Interpolate between ascending knots; extrapolate along the first and the last step."""
    if len(knots) == 1:
        return float(values[0])
    after = int(np.clip(np.searchsorted(knots, x), 1, len(knots) - 1))
    share = (x - knots[after - 1]) / (knots[after] - knots[after - 1])
    return float(values[after - 1] + share * (values[after] - values[after - 1]))
