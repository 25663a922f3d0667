"""Thresholds of a search, by the size of the gallery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.calibration.curves import interpolate


@dataclass(frozen=True)
class SearchPoint:
    """Thresholds of a search of a gallery of one size, for one rule and number of anchors.

    Attributes:
        rule: the matching rule.
        anchors: anchors a person.
        people: people enrolled.
        fpir: shares of strangers for whom somebody is found, descending, (f,).
        threshold: the similarities at which these shares pass, ascending, (f,).
        fpir_low, fpir_high: 95 % interval of the share at that threshold, (f,).
        searches, searching: searches by strangers, and how many strangers.
    """

    rule: str
    anchors: int
    people: int
    fpir: np.ndarray
    threshold: np.ndarray
    fpir_low: np.ndarray
    fpir_high: np.ndarray
    searches: int
    searching: int

    def threshold_at(self, fpir: float) -> float:
        """The threshold at an FPIR, by its logarithm; past those measured along a step."""
        return interpolate(np.log(fpir), np.log(self.fpir[::-1]), self.threshold[::-1])


@dataclass(frozen=True)
class ThresholdBySize:
    """Thresholds of a search over ascending sizes of a gallery, (s,) each."""

    sizes: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def of(cls, thresholds: dict[int, float]) -> ThresholdBySize:
        """From those by size; one that lies below that of fewer people is noise, and is raised."""
        sizes = np.array(sorted(thresholds))
        return cls(sizes, np.maximum.accumulate([thresholds[size] for size in sizes]))

    @property
    def largest(self) -> int:
        """The size of the largest gallery."""
        return int(self.sizes[-1])

    def at(self, people: int) -> float:
        """By the logarithm of the size; past the largest along the last step."""
        return interpolate(np.log(max(people, 1)), np.log(self.sizes), self.thresholds)
