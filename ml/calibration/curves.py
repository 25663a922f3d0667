"""Curves of error rates over the threshold, and between measured numbers of anchors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

RATES = ("far", "far_low", "far_high", "frr", "frr_low", "frr_high")


@dataclass(frozen=True)
class Curve:
    """Error rates over ascending thresholds for one matching rule and number of anchors.

    Attributes:
        rule: the matching rule.
        anchors: anchors a person.
        threshold: similarities, float64 (t,).
        far, far_low, far_high: share of impostor trials accepted, with its 95 % interval, (t,).
        frr, frr_low, frr_high: share of genuine trials refused, likewise.
        genuine_trials, impostor_trials: how many trials stand behind the shares.
        people: people with identities behind them.
        far_supported: the smallest FAR that these people can support: 3 by the pairs of people.
            Files made before each pair was counted once say a little less, by half at most.
    """

    rule: str
    anchors: int
    threshold: np.ndarray
    far: np.ndarray
    far_low: np.ndarray
    far_high: np.ndarray
    frr: np.ndarray
    frr_low: np.ndarray
    frr_high: np.ndarray
    genuine_trials: int
    impostor_trials: int
    people: int
    far_supported: float

    def threshold_at_far(self, far: float) -> float:
        """The threshold at which FAR falls to `far`, between measured ones by log FAR.

        A FAR below every measured one gives the highest threshold measured.
        """
        seen = self.far > 0
        log_far = np.log(self.far[seen])[::-1]
        return float(np.interp(np.log(far), log_far, self.threshold[seen][::-1]))

    def rates_at(self, threshold: float) -> dict[str, float]:
        """FAR and FRR with their intervals at a similarity, interpolated between measured ones."""
        return {
            name: float(rate[0]) for name, rate in self.rates_over(np.array([threshold])).items()
        }

    def rates_over(self, thresholds: np.ndarray) -> dict[str, np.ndarray]:
        """The same at many similarities, (n,) each."""
        return {name: np.interp(thresholds, self.threshold, getattr(self, name)) for name in RATES}


@dataclass(frozen=True)
class Histogram:
    """How single comparisons spread over similarity.

    Attributes:
        edges: ascending similarities, float64 (b + 1,).
        genuine, impostor: share of the trials between two edges, float64 (b,); each sums to 1.
    """

    edges: np.ndarray
    genuine: np.ndarray
    impostor: np.ndarray


def between_curves(fewer: Curve, more: Curve, anchors: int) -> Curve:
    """The curve for a number of anchors between two that were measured."""
    share = share_between(anchors, fewer.anchors, more.anchors)
    grid = np.union1d(fewer.threshold, more.threshold)
    few, many = fewer.rates_over(grid), more.rates_over(grid)
    rates: dict[str, Any] = {name: few[name] + share * (many[name] - few[name]) for name in RATES}
    return replace(more, anchors=anchors, threshold=grid, **rates)


def beyond_curves(fewer: Curve, more: Curve, anchors: int) -> Curve:
    """The curve for more anchors than were measured, by the last two measured curves."""
    grid = np.union1d(fewer.threshold, more.threshold)
    few = np.maximum(fewer.rates_over(grid)["far"], np.finfo(np.float64).tiny)
    rates: dict[str, Any] = more.rates_over(grid)
    growth = np.log(np.maximum(rates["far"], np.finfo(np.float64).tiny) / few)
    # More anchors mean no fewer strangers, and no more than there are chances more.
    power = np.clip(growth / np.log(more.anchors / fewer.anchors), 0, 1)
    times = (anchors / more.anchors) ** power
    for name in ("far", "far_low", "far_high"):
        rates[name] = _never_rising(np.minimum(rates[name] * times, 1))
    return replace(more, anchors=anchors, threshold=grid, **rates)


def share_between(anchors: int, fewer: int, more: int) -> float:
    """Where a number lies between two by its logarithm, 0 to 1; 0 where these are one."""
    return 0.0 if fewer == more else float(np.log(anchors / fewer) / np.log(more / fewer))


def _never_rising(rates: np.ndarray) -> np.ndarray:
    return np.maximum.accumulate(rates[::-1])[::-1]


def interpolate(x: float, places: np.ndarray, values: np.ndarray) -> float:
    """Interpolate between ascending places, and go on along the first and the last step."""
    if len(places) == 1:
        return float(values[0])
    after = int(np.clip(np.searchsorted(places, x), 1, len(places) - 1))
    share = (x - places[after - 1]) / (places[after] - places[after - 1])
    return float(values[after - 1] + share * (values[after] - values[after - 1]))
