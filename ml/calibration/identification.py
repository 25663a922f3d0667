"""Thresholds of an identification, by the size of the gallery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Integers, Reals
from ml.calibration.curves import interpolate


@dataclass(frozen=True)
class SearchPoint:
    """Thresholds of an identification in one size of gallery, for one rule and number of anchors.

    Attributes:
        rule: the matching rule.
        anchors: number of anchors a person.
        people: number of people enrolled.
        fpir: share of strangers for whom anybody is returned, descending, (f,).
        threshold: similarities at these shares, ascending, (f,).
        fpir_low, fpir_high: 95 % interval of the FPIR at that threshold, (f,).
        searches: number of searches by strangers.
        searching: number of strangers.
    """

    rule: str
    anchors: int
    people: int
    fpir: Reals
    threshold: Reals
    fpir_low: Reals
    fpir_high: Reals
    searches: int
    searching: int

    def threshold_at(self, fpir: float) -> float:
        """Return the threshold at an FPIR, by its logarithm; extrapolate beyond the measured."""
        return interpolate(np.log(fpir), np.log(self.fpir[::-1]), self.threshold[::-1])


@dataclass(frozen=True)
class ThresholdBySize:
    """Thresholds of an identification over ascending sizes of a gallery, (s,) each."""

    sizes: Integers
    thresholds: Reals

    @classmethod
    def of(cls, thresholds: dict[int, float]) -> ThresholdBySize:
        """Sort thresholds by size; raise one below that of fewer people, because it is noise."""
        sizes = np.array(sorted(thresholds))
        return cls(sizes, np.maximum.accumulate([thresholds[size] for size in sizes]))

    @property
    def largest(self) -> int:
        """Number of people in the largest gallery."""
        return int(self.sizes[-1])

    def at(self, people: int) -> float:
        """Return the threshold by the logarithm of the size; extrapolate along the last step."""
        return interpolate(np.log(max(people, 1)), np.log(self.sizes), self.thresholds)
