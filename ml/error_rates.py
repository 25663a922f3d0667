"""How often a threshold errs: FAR, FRR, ROC, EER, and intervals by bootstrap over people.

A trial is accepted when its similarity is at least the threshold. FAR is the share of impostor
trials accepted, FRR that of genuine trials refused (ISO/IEC 19795-1 writes FMR and FNMR where each
trial is one comparison). Pairs that share a person are not independent, so intervals resample
people, not pairs: a pair counts as often as both its people were drawn (Bolle, Ratha, Pankanti,
"Error analysis of pattern recognition systems: the subsets bootstrap", 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike

CONFIDENCE = 0.95
RULE_OF_THREE = 3.0
NORMAL_95 = 1.96  # standard deviations to either side that hold 95 %
# Resamples computed in one product; bounds memory.
ROUNDS_AT_ONCE = 50


@dataclass(frozen=True)
class Rates:
    """Error rates over ascending thresholds; every array is float64 (t,), rates are 0 to 1."""

    threshold: np.ndarray
    far: np.ndarray
    frr: np.ndarray


def error_rates(
    genuine: np.ndarray, impostor: np.ndarray, thresholds: ArrayLike | None = None
) -> Rates:
    """Count errors at each threshold; by default at every similarity that occurs."""
    genuine, impostor = np.sort(genuine), np.sort(impostor)
    if thresholds is None:
        seen = np.unique(np.concatenate([genuine, impostor]))
        thresholds = np.append(seen, np.nextafter(seen[-1], np.inf))
    far = 1 - np.searchsorted(impostor, thresholds, side="left") / len(impostor)
    frr = np.searchsorted(genuine, thresholds, side="left") / len(genuine)
    return Rates(np.asarray(thresholds, np.float64), far, frr)


def threshold_at_far(impostor: np.ndarray, far: float) -> float:
    """The lowest threshold among the similarities seen at which the share accepted is ≤ `far`.

    Where even the largest impostor similarity would be one too many, the next number above it.
    """
    ordered = np.sort(impostor)
    accepted = int(np.floor(far * len(ordered) + 1e-9))
    if accepted >= len(ordered):
        return float(ordered[0])
    return float(np.nextafter(ordered[len(ordered) - accepted - 1], np.inf))


def tar_at_far(genuine: np.ndarray, impostor: np.ndarray, far: float) -> float:
    """Share of genuine trials accepted at the threshold that lets at most `far` impostors pass."""
    return float(np.mean(genuine >= threshold_at_far(impostor, far)))


def equal_error_rate(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """The rate at which FAR and FRR meet, interpolated between the thresholds around it."""
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
    """Accuracy as LFW's View 2 defines it: mean over folds, standard error, threshold a fold.

    `right` says which trials were judged rightly, bool (n,).
    """

    accuracy: float
    standard_error: float
    thresholds: tuple[float, ...]
    folds: tuple[float, ...]
    right: np.ndarray


def fold_accuracy(similarity: np.ndarray, same: np.ndarray, fold: np.ndarray) -> TenFold:
    """Judge each fold by the threshold that is most accurate on all the others.

    Huang et al., "Labeled Faces in the Wild", 2007. A trial without a usable picture has
    similarity NaN and counts as an error: refusing a genuine pair, or failing on an impostor.
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
    spread = float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies)))
    return TenFold(float(np.mean(accuracies)), spread, tuple(thresholds), tuple(accuracies), right)


def _most_accurate(similarity: np.ndarray, same: np.ndarray) -> float:
    order = np.argsort(similarity)
    ascending, labels = similarity[order], same[order]
    # A threshold just above the n smallest is right on their impostors and on the others' genuine.
    right = np.concatenate([[0], np.cumsum(~labels)]) + np.concatenate(
        [np.cumsum(labels[::-1])[::-1], [0]]
    )
    # Equal similarities fall on the same side, so only a step between different ones is a choice.
    step = np.concatenate([[True], np.diff(ascending) > 0, [True]])
    best = int(np.argmax(np.where(step, right, -1)))
    if best == 0:
        return float(ascending[0])
    if best == len(ascending):
        return float(np.nextafter(ascending[-1], np.inf))
    return float((ascending[best - 1] + ascending[best]) / 2)


@dataclass(frozen=True)
class Trials:
    """Trials between people: similarities and who stands on either side.

    Attributes:
        similarity: float32 (n,).
        probe: int (n,), the person in the probe.
        anchor: int (n,), the person claimed.
    """

    similarity: np.ndarray
    probe: np.ndarray
    anchor: np.ndarray

    @property
    def genuine(self) -> np.ndarray:
        """Which trials show the person claimed, bool (n,)."""
        return self.probe == self.anchor

    def counts_above(self, thresholds: np.ndarray) -> PairCounts:
        """Count, for each pair of people, trials at or above each threshold."""
        people = int(max(self.probe.max(), self.anchor.max())) + 1
        pairs, pair_of = np.unique(self.anchor * people + self.probe, return_inverse=True)
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
    """Trials of each pair of people: how many, and how many at or above each threshold (p, t)."""

    anchor: np.ndarray
    probe: np.ndarray
    trials: np.ndarray
    above: np.ndarray

    def shares(self, weights: np.ndarray) -> np.ndarray:
        """Share at or above each threshold when person i counts `weights[…, i]` times.

        A genuine pair counts as often as its person; any other as often as both its people.
        Weights are float32 (rounds, people), the result (rounds, t).
        """
        times = weights[:, self.anchor].copy()
        impostor = self.anchor != self.probe
        times[:, impostor] *= weights[:, self.probe[impostor]]
        return (times @ self.above) / np.maximum(times @ self.trials, 1)[:, None]


def bootstrap_interval(
    counts: PairCounts, groups: list[np.ndarray], *, rounds: int = 500, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the share at or above each threshold, by resampling people.

    Args:
        counts: all genuine or all impostor trials.
        groups: people who are resampled among themselves: those with identities, strangers.
        rounds: how many resamples; 500 settle the second digit.
        seed: of the generator, for a result that can be repeated.

    Returns:
        (low, high), (t,) each, rates 0 to 1.
    """
    resamples = resampled_people(groups, rounds, seed)
    shares = []
    while some := list(islice(resamples, ROUNDS_AT_ONCE)):
        shares.append(counts.shares(np.stack(some)))
    low, high = confidence_limits(np.concatenate(shares))
    return low, high


def resampled_people(
    groups: Sequence[np.ndarray], rounds: int, seed: int = 0
) -> Iterator[np.ndarray]:
    """Draw people with replacement, as many as there are; how often each was drawn.

    Args:
        groups: people who are resampled among themselves.
        rounds: how many resamples.
        seed: of the generator, for a result that can be repeated.

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


def confidence_limits(resamples: np.ndarray) -> np.ndarray:
    """Limits of the 95 % interval over resamples (rounds, …): (2, …), low and high."""
    tail = (1 - CONFIDENCE) / 2
    return np.quantile(resamples, [tail, 1 - tail], axis=0)


def upper_bound_without_errors(independent_trials: int) -> float:
    """What no error in n independent trials still allows at 95 %: 3/n, the rule of three."""
    return min(1.0, RULE_OF_THREE / max(independent_trials, 1))


def share_interval(errors: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share of independent trials: low and high, 0 to 1.

    Wilson's (Wilson, "Probable inference, the law of succession, and statistical inference", 1927);
    where no error was seen, up to the rule of three.
    """
    if errors == 0:
        return 0.0, upper_bound_without_errors(trials)
    share, extra = errors / trials, NORMAL_95**2 / trials
    middle = (share + extra / 2) / (1 + extra)
    reach = NORMAL_95 * np.sqrt(share * (1 - share) / trials + extra / (4 * trials)) / (1 + extra)
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))
