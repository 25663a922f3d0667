"""Accuracy at an operating point, with an interval by bootstrap over people.

A resample draws people with replacement. A genuine trial then counts as often as its person was
drawn, an impostor trial as often as both its people (Bolle, Ratha, Pankanti, "Error analysis of
pattern recognition systems: the subsets bootstrap", 2004). The threshold is found anew in every
resample, so that the interval holds its uncertainty, too. Of the impostor trials only the most
similar are needed for that, and how many there are in all between each two people.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from tqdm import tqdm

from ml.error_rates import confidence_limits, resampled_people

ROUNDS = 500
SEED = 20
# Keeps a FAR that is a whole number of trials from failing by rounding.
ROUNDING = 1e-9


class RankedTrials(Protocol):
    """Trials by falling similarity, and how often each counts when people count differently."""

    @property
    def similarity(self) -> np.ndarray:
        """float32 (k,), descending; of all trials, or of the most similar."""

    def weigh(self, people: np.ndarray) -> tuple[np.ndarray, float]:
        """How often each of the k trials counts, (k,), and all trials together.

        `people` says how often each person counts, float32 (people,).
        """


@dataclass(frozen=True)
class PersonTrials:
    """Trials that stand for one person each: genuine ones, or searches of a gallery.

    Attributes:
        similarity: float32 (k,), descending.
        person: int (k,).
    """

    similarity: np.ndarray
    person: np.ndarray

    @classmethod
    def of(cls, similarity: np.ndarray, person: np.ndarray) -> PersonTrials:
        """Put trials in order."""
        order = np.argsort(-similarity, kind="stable")
        return cls(similarity[order], person[order])

    def weigh(self, people: np.ndarray) -> tuple[np.ndarray, float]:
        """See `RankedTrials`."""
        times = people[self.person]
        return times, float(times.sum(dtype=np.float64))


@dataclass(frozen=True)
class PairTrials:
    """The most similar impostor trials between people.

    Attributes:
        similarity: float32 (k,), descending.
        first, second: int (k,), the people.
        sides: float64 (2, people); between persons i and j, i ≠ j, there are sides[0, i] ×
            sides[1, j] trials, all counted.
    """

    similarity: np.ndarray
    first: np.ndarray
    second: np.ndarray
    sides: np.ndarray

    def weigh(self, people: np.ndarray) -> tuple[np.ndarray, float]:
        """See `RankedTrials`."""
        left, right = self.sides * people
        total = left.sum() * right.sum() - (left * right).sum()
        return people[self.first] * people[self.second], float(total)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: on the trials as they are.
        resamples: float64 (rounds,), on each resample of people; for comparing models, too.
    """

    value: float
    resamples: np.ndarray

    @property
    def interval(self) -> tuple[float, float] | None:
        """Low and high, or None where a resample gave no figure."""
        if np.isnan(self.resamples).any():
            return None
        low, high = confidence_limits(self.resamples)
        return float(low), float(high)

    def complement(self) -> Estimate:
        """The share of the others: FRR for TAR."""
        return Estimate(1 - self.value, 1 - self.resamples)

    def minus(self, other: Estimate) -> Estimate:
        """The difference, both taken on the same resamples."""
        return Estimate(self.value - other.value, self.resamples - other.resamples)


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of figures taken on the same resamples."""
    return Estimate(
        float(np.mean([one.value for one in estimates])),
        np.mean([one.resamples for one in estimates], axis=0),
    )


def share_right(right: np.ndarray, first: np.ndarray, second: np.ndarray, people: int) -> Estimate:
    """The share of trials judged rightly.

    Args:
        right: bool (n,).
        first, second: int (n,), the people of each trial; equal in genuine ones.
        people: how many there are.
    """
    resamples = []
    for times in resampled_people([np.arange(people)], ROUNDS, SEED):
        weights = times[first] * np.where(first == second, 1, times[second])
        resamples.append(float(weights[right].sum() / max(weights.sum(), 1)))
    return Estimate(float(right.mean()), np.array(resamples))


@dataclass(frozen=True)
class OperatingPoint:
    """TAR at a FAR, and the threshold that gives it."""

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
        genuine: genuine trials; unusable ones with a similarity that no threshold accepts.
        impostor: impostor trials.
        fars: shares of impostor trials that may pass.
        people: how many there are; everybody may be drawn.
        rounds: resamples; the same people give the same resamples, whatever the model.
        label: of a progress bar, if there shall be one.
    """
    as_they_are = np.ones(people, np.float32)
    thresholds, tars, eer = _measured(genuine, impostor, fars, as_they_are)
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
    """Thresholds and TARs at the FARs, and the EER, when people count so often."""
    times, total = impostor.weigh(people)
    far = np.cumsum(times, dtype=np.float64) / max(total, 1)
    accepted = np.concatenate([[0], np.cumsum(genuine.weigh(people)[0], dtype=np.float64)])
    tar = accepted / max(accepted[-1], 1)
    ascending = genuine.similarity[::-1]

    def barring(trial: int) -> tuple[float, float, float]:
        """The similarity just above which trial number so and so is refused; FAR and TAR there."""
        similarity = _barred(impostor.similarity, trial)
        refused = np.searchsorted(ascending, similarity, side="right")
        return similarity, float(far[trial - 1]) if trial else 0.0, float(tar[-1 - refused])

    # The first trial that is one too many decides.
    points = [barring(int(np.searchsorted(far, share + ROUNDING, side="right"))) for share in fars]
    return (
        [float(np.nextafter(np.float32(similarity), np.float32(2))) for similarity, _, _ in points],
        [accepted for _, _, accepted in points],
        _equal_error_rate(barring, len(far)),
    )


def _barred(similarity: np.ndarray, trial: int) -> float:
    """Similarity of a trial; past the last, the next number below it, so that all pass."""
    if trial < len(similarity):
        return float(similarity[trial])
    return float(np.nextafter(np.float32(similarity[-1]), np.float32(-2)))


def _equal_error_rate(barring: Callable[[int], tuple[float, float, float]], trials: int) -> float:
    """Where FAR meets FRR, between two neighbouring trials; NaN if below all that are known."""

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
