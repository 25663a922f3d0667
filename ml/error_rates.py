"""Error rates of a threshold: FAR, FRR, ROC, EER, and intervals by bootstrap over people.

A trial is accepted when its similarity is at least the threshold. FAR is the share of impostor
trials accepted, FRR the share of genuine trials rejected. ISO/IEC 19795-1 calls them FMR and FNMR
where each trial is one comparison.

Pairs that share a person are not independent, so intervals resample people, not pairs. A pair
counts as often as both its people were drawn (Bolle, Ratha, Pankanti, "Error analysis of pattern
recognition systems: the subsets bootstrap", 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike

from ml.arrays import Integers, Mask, Reals, Similarities

CONFIDENCE = 0.95
RULE_OF_THREE = 3.0
NORMAL_95 = 1.96  # half-width, in standard deviations, of the central 95 % of a normal distribution
ROUNDS_AT_ONCE = 50  # resamples computed in one matrix product; bounds memory


@dataclass(frozen=True)
class Rates:
    """Error rates over ascending thresholds: float64 (t,) each, rates 0 to 1."""

    threshold: Reals
    far: Reals
    frr: Reals


def error_rates(
    genuine: Similarities, impostor: Similarities, thresholds: ArrayLike | None = None
) -> Rates:
    """Compute FAR and FRR at each threshold; by default at every similarity that occurs."""
    genuine, impostor = np.sort(genuine), np.sort(impostor)
    if thresholds is None:
        seen = np.unique(np.concatenate([genuine, impostor]))
        thresholds = np.append(seen, np.nextafter(seen[-1], np.inf))
    far = 1 - np.searchsorted(impostor, thresholds, side="left") / len(impostor)
    frr = np.searchsorted(genuine, thresholds, side="left") / len(genuine)
    return Rates(np.asarray(thresholds, np.float64), far, frr)


def threshold_at_far(impostor: Similarities, far: float) -> float:
    """Return the lowest threshold whose FAR is at most `far`.

    Candidates are the lowest similarity and the next number above each similarity.

    >>> impostor = np.array([0.1, 0.2, 0.3, 0.4])
    >>> threshold = threshold_at_far(impostor, 0.25)
    >>> float(np.mean(impostor >= threshold))
    0.25
    """
    ordered = np.sort(impostor)
    accepted = int(np.floor(far * len(ordered) + 1e-9))
    if accepted >= len(ordered):
        return float(ordered[0])
    return float(np.nextafter(ordered[len(ordered) - accepted - 1], np.inf))


def tar_at_far(genuine: Similarities, impostor: Similarities, far: float) -> float:
    """Return the share of genuine trials accepted at `threshold_at_far(impostor, far)`."""
    return float(np.mean(genuine >= threshold_at_far(impostor, far)))


def equal_error_rate(genuine: Similarities, impostor: Similarities) -> float:
    """Return the rate at which FAR equals FRR, interpolated between adjacent thresholds."""
    rates = error_rates(genuine, impostor)
    gap = rates.frr - rates.far
    after = int(np.argmax(gap >= 0))
    if after == 0:
        return float((rates.frr[0] + rates.far[0]) / 2)
    before = after - 1
    share = gap[before] / (gap[before] - gap[after])
    return float(rates.far[before] + share * (rates.far[after] - rates.far[before]))


@dataclass(frozen=True)
class TenFold:
    """Accuracy by View 2 of LFW: ten-fold cross-validation.

    Attributes:
        accuracy: mean over the folds, 0 to 1.
        standard_error: standard error of that mean.
        thresholds: threshold of each fold.
        folds: accuracy of each fold.
        right: trials that were decided correctly, bool (n,).
    """

    accuracy: float
    standard_error: float
    thresholds: tuple[float, ...]
    folds: tuple[float, ...]
    right: Mask


def fold_accuracy(similarity: Similarities, same: Mask, fold: Integers) -> TenFold:
    """Measure each fold at the threshold that is most accurate on all other folds.

    Protocol: Huang et al., "Labeled Faces in the Wild", 2007. A trial without a usable picture has
    similarity NaN and counts as an error: a rejected genuine pair, or a failure on an impostor.
    """
    accuracies, thresholds = [], []
    usable = ~np.isnan(similarity)
    right = np.zeros(len(similarity), bool)
    for held_out in np.unique(fold):
        rest = (fold != held_out) & usable
        threshold = _most_accurate(similarity[rest], same[rest])
        here = fold == held_out
        right[here] = ((similarity[here] >= threshold) == same[here]) & usable[here]
        accuracies.append(float(right[here].mean()))
        thresholds.append(threshold)
    error = float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies)))
    return TenFold(float(np.mean(accuracies)), error, tuple(thresholds), tuple(accuracies), right)


def _most_accurate(similarity: Similarities, same: Mask) -> float:
    order = np.argsort(similarity)
    ascending, labels = similarity[order], same[order]
    # A threshold above the n smallest is right on their impostors and on the others' genuine pairs.
    right = np.concatenate([[0], np.cumsum(~labels)]) + np.concatenate(
        [np.cumsum(labels[::-1])[::-1], [0]]
    )
    # Equal similarities fall on the same side, so only steps between different ones are candidates.
    step = np.concatenate([[True], np.diff(ascending) > 0, [True]])
    best = int(np.argmax(np.where(step, right, -1)))
    if best == 0:
        return float(ascending[0])
    if best == len(ascending):
        return float(np.nextafter(ascending[-1], np.inf))
    return float((ascending[best - 1] + ascending[best]) / 2)


@dataclass(frozen=True)
class Trials:
    """Trials between people: a similarity and the person on either side.

    Attributes:
        similarity: float32 (n,).
        probe: int (n,), the person in the probe.
        anchor: int (n,), the person claimed.
    """

    similarity: Similarities
    probe: Integers
    anchor: Integers

    @property
    def genuine(self) -> Mask:
        """Trials whose probe shows the person claimed, bool (n,)."""
        same: Mask = self.probe == self.anchor
        return same

    def counts_above(self, thresholds: Reals) -> PairCounts:
        """Count the trials at or above each threshold, for each pair of people in any order."""
        people = int(max(self.probe.max(), self.anchor.max())) + 1
        lower, upper = np.minimum(self.anchor, self.probe), np.maximum(self.anchor, self.probe)
        pairs, pair_of = np.unique(lower * people + upper, return_inverse=True)
        passed = np.searchsorted(thresholds, self.similarity, side="right")
        flat = np.bincount(
            pair_of * (len(thresholds) + 1) + passed, minlength=len(pairs) * (len(thresholds) + 1)
        ).reshape(len(pairs), -1)
        above = flat[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        return PairCounts(
            pairs // people,
            pairs % people,
            flat.sum(axis=1).astype(np.float32),
            above.astype(np.float32),
        )


@dataclass(frozen=True)
class PairCounts:
    """Trials of each pair of people.

    Attributes:
        anchor, probe: int (p,), the two people.
        trials: float32 (p,), number of trials.
        above: float32 (p, t), number of trials at or above each threshold.
    """

    anchor: Integers
    probe: Integers
    trials: Similarities
    above: Similarities

    def shares(self, weights: Similarities) -> Reals:
        """Return the share at or above each threshold, with weighted people.

        A genuine pair has the weight of its person; any other pair the product of both weights.

        Args:
            weights: float32 (rounds, people).

        Returns:
            float32 (rounds, t), 0 to 1.
        """
        by_person = np.ascontiguousarray(weights.T)  # rows are gathered much faster than columns
        times = by_person[self.anchor]
        impostor = self.anchor != self.probe
        times[impostor] *= by_person[self.probe[impostor]]
        shares: Reals = (self.above.T @ times) / np.maximum(self.trials @ times, 1)
        return shares.T


def bootstrap_interval(
    counts: PairCounts, groups: list[Integers], *, rounds: int = 500, seed: int = 0
) -> tuple[Reals, Reals]:
    """Return the 95 % interval of the share at or above each threshold, by resampling people.

    Args:
        counts: all genuine or all impostor trials.
        groups: strata of people, for example those with identities and distractors.
        rounds: number of resamples; 500 settle the second digit.
        seed: seed of the generator, for repeatable results.

    Returns:
        Low and high limit, (t,) each, 0 to 1.
    """
    resamples = resampled_people(groups, rounds, seed)
    shares = []
    while batch := list(islice(resamples, ROUNDS_AT_ONCE)):
        shares.append(counts.shares(np.stack(batch)))
    low, high = confidence_limits(np.concatenate(shares))
    return low, high


def resampled_people(
    groups: Sequence[Integers], rounds: int, seed: int = 0
) -> Iterator[Similarities]:
    """Draw each group with replacement, at its own size; yield how often each person was drawn.

    Args:
        groups: strata of people, as row numbers.
        rounds: number of resamples.
        seed: seed of the generator, for repeatable results.

    Yields:
        float32 (people,), one a round.
    """
    generator = np.random.default_rng(seed)
    people = sum(len(group) for group in groups)
    for _ in range(rounds):
        times = np.zeros(people, np.float32)
        for group in groups:
            times += np.bincount(generator.choice(group, len(group)), minlength=people)
        yield times


def confidence_limits(resamples: Reals) -> Reals:
    """Return low and high limit, (2, …), of the 95 % interval over resamples (rounds, …)."""
    tail = (1 - CONFIDENCE) / 2
    return np.quantile(resamples, [tail, 1 - tail], axis=0)


def upper_bound_without_errors(independent_trials: int) -> float:
    """Return the largest error rate consistent with no error in n trials: 3/n, rule of three."""
    return min(1.0, RULE_OF_THREE / max(independent_trials, 1))


def share_interval(errors: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval, low and high, of a share of independent trials, 0 to 1.

    Wilson's interval ("Probable inference, the law of succession, and statistical inference",
    1927). Without an error, the rule of three gives the upper limit.
    """
    if errors == 0:
        return 0.0, upper_bound_without_errors(trials)
    share, extra = errors / trials, NORMAL_95**2 / trials
    middle = (share + extra / 2) / (1 + extra)
    reach = NORMAL_95 * np.sqrt(share * (1 - share) / trials + extra / (4 * trials)) / (1 + extra)
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))
