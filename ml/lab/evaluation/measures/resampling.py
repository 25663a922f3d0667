"""Accuracy at an operating point, with an interval by bootstrap over people.

A resample draws people with replacement. A genuine trial counts as often as its person was drawn,
an impostor trial as often as both its people (Bolle, Ratha, Pankanti, "Error analysis of pattern
recognition systems: the subsets bootstrap", 2004). Every resample has its own threshold, so that
the interval includes the threshold's uncertainty. That needs only the most similar impostor trials,
and the number of trials between each two people.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from tqdm import tqdm

from ml.arrays import Integers, Mask, Similarities
from ml.error_rates import confidence_limits, resampled_people

ROUNDS = 500
SEED = 20
# Tolerance of a FAR that is a whole number of trials.
ROUNDING = 1e-9


class RankedTrials(Protocol):
    """Trials by descending similarity, with weights that depend on the people."""

    @property
    def similarity(self) -> np.ndarray:
        """float32 (k,), descending; all trials, or the most similar ones."""

    def weigh(self, people: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the weight of each of the k trials, (k,), and the total weight of all trials.

        Args:
            people: weight of each person, float32 (people,).
        """


@dataclass(frozen=True)
class PersonTrials:
    """Trials of one person each: genuine trials, or searches of a gallery.

    Attributes:
        similarity: float32 (k,), descending.
        person: int (k,).
    """

    similarity: Similarities
    person: Integers

    @classmethod
    def of(cls, similarity: Similarities, person: Integers) -> PersonTrials:
        """Sort trials by descending similarity."""
        order = np.argsort(-similarity, kind="stable")
        return cls(similarity[order], person[order])

    def weigh(self, people: np.ndarray) -> tuple[np.ndarray, float]:
        """Return weights as `RankedTrials.weigh`."""
        times = people[self.person]
        return times, float(times.sum(dtype=np.float64))


@dataclass(frozen=True)
class PairTrials:
    """The most similar impostor trials between people.

    Attributes:
        similarity: float32 (k,), descending.
        first, second: int (k,), the people.
        sides: float64 (2, people). Persons i and j, i ≠ j, have sides[0, i] × sides[1, j] trials,
            all of them counted.
    """

    similarity: Similarities
    first: np.ndarray
    second: np.ndarray
    sides: np.ndarray

    def weigh(self, people: np.ndarray) -> tuple[np.ndarray, float]:
        """Return weights as `RankedTrials.weigh`."""
        left, right = self.sides * people
        total = left.sum() * right.sum() - (left * right).sum()
        return people[self.first] * people[self.second], float(total)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: figure on all trials.
        resamples: float64 (rounds,), figure on each resample of people; models share the resamples.
    """

    value: float
    resamples: np.ndarray

    @property
    def interval(self) -> tuple[float, float] | None:
        """Low and high limit, or None if a resample gave no figure."""
        if np.isnan(self.resamples).any():
            return None
        low, high = confidence_limits(self.resamples)
        return float(low), float(high)

    def complement(self) -> Estimate:
        """Return one minus the figure, for example FRR for TAR."""
        return Estimate(1 - self.value, 1 - self.resamples)

    def minus(self, other: Estimate) -> Estimate:
        """Return the difference to a figure on the same resamples."""
        return Estimate(self.value - other.value, self.resamples - other.resamples)


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of figures on the same resamples."""
    return Estimate(
        float(np.mean([one.value for one in estimates])),
        np.mean([one.resamples for one in estimates], axis=0),
    )


def share_right(right: Mask, first: np.ndarray, second: np.ndarray, people: int) -> Estimate:
    """Return the share of correct decisions.

    Args:
        right: bool (n,).
        first, second: int (n,), the people of each trial; equal in genuine trials.
        people: number of people.
    """
    resamples = []
    for times in resampled_people([np.arange(people)], ROUNDS, SEED):
        weights = times[first] * np.where(first == second, 1, times[second])
        resamples.append(float(weights[right].sum() / max(weights.sum(), 1)))
    return Estimate(float(right.mean()), np.array(resamples))


@dataclass(frozen=True)
class OperatingPoint:
    """TAR at a FAR, and the threshold of both."""

    far: float
    threshold: float
    tar: Estimate


@dataclass(frozen=True)
class Accuracy:
    """Operating points and the equal error rate."""

    points: tuple[OperatingPoint, ...]
    eer: Estimate


def accuracy(
    genuine: PersonTrials,
    impostor: RankedTrials,
    fars: Sequence[float],
    people: int,
    *,
    rounds: int = ROUNDS,
    label: str = "",
) -> Accuracy:
    """Measure TAR at each FAR and the EER, with intervals over people.

    Args:
        genuine: genuine trials; unusable ones have a similarity below every threshold.
        impostor: impostor trials.
        fars: shares of impostor trials accepted.
        people: number of people.
        rounds: number of resamples; the same people have the same resamples for every model.
        label: label of a progress bar; "" for none.
    """
    unweighted = np.ones(people, np.float32)
    thresholds, tars, eer = _measured(genuine, impostor, fars, unweighted)
    resamples = resampled_people([np.arange(people)], rounds, SEED)
    bar = tqdm(resamples, label, rounds, unit="resample", disable=not label, leave=False)
    drawn = [_measured(genuine, impostor, fars, times)[1:] for times in bar]
    drawn_tars = np.array([tar for tar, _ in drawn])
    points = tuple(
        OperatingPoint(far, threshold, Estimate(tar, drawn_tars[:, number]))
        for number, (far, threshold, tar) in enumerate(zip(fars, thresholds, tars, strict=True))
    )
    return Accuracy(points, Estimate(eer, np.array([rate for _, rate in drawn])))


def _measured(
    genuine: PersonTrials, impostor: RankedTrials, fars: Sequence[float], people: np.ndarray
) -> tuple[list[float], list[float], float]:
    """Return thresholds and TARs at the FARs, and the EER, with weighted people."""
    times, total = impostor.weigh(people)
    far = np.cumsum(times, dtype=np.float64) / max(total, 1)
    accepted = np.concatenate([[0], np.cumsum(genuine.weigh(people)[0], dtype=np.float64)])
    tar = accepted / max(accepted[-1], 1)
    ascending = genuine.similarity[::-1]

    def barring(trial: int) -> tuple[float, float, float]:
        """Return the similarity of a trial, and FAR and TAR just above it."""
        similarity = _barred(impostor.similarity, trial)
        refused = np.searchsorted(ascending, similarity, side="right")
        return similarity, float(far[trial - 1]) if trial else 0.0, float(tar[-1 - refused])

    # The first trial that exceeds the FAR decides.
    points = [barring(int(np.searchsorted(far, share + ROUNDING, side="right"))) for share in fars]
    return (
        [float(np.nextafter(np.float32(similarity), np.float32(2))) for similarity, _, _ in points],
        [accepted for _, _, accepted in points],
        _equal_error_rate(barring, len(far)),
    )


def _barred(similarity: Similarities, trial: int) -> float:
    """Return the similarity of a trial; past the last, the next number below, so that all pass."""
    if trial < len(similarity):
        return float(similarity[trial])
    return float(np.nextafter(np.float32(similarity[-1]), np.float32(-2)))


def _equal_error_rate(barring: Callable[[int], tuple[float, float, float]], trials: int) -> float:
    """Return the rate at which FAR equals FRR, interpolated; NaN if below all kept trials."""

    def gap(trial: int) -> float:
        _, far, tar = barring(trial)
        return far - (1 - tar)

    after = bisect_left(range(trials + 1), 0.0, key=gap)
    if after > trials:
        return float("nan")
    _, far, tar = barring(after)
    if after == 0:
        return (far + 1 - tar) / 2
    _, far_before, _ = barring(after - 1)
    share = -gap(after - 1) / (gap(after) - gap(after - 1))
    return far_before + share * (far - far_before)
