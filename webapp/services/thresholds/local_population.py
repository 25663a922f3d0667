"""Error rates of the people enrolled here: their anchors compared with each other.

Each anchor serves as a probe. Against its person's other anchors it is a genuine trial, against
everybody else's an impostor trial, both by the matching rule in force. Anchors are better pictures
than most probes, so genuine attempts fail more often than these trials.

The work is bounded: a large gallery is sampled, the same way for the same gallery. Intervals
resample people (`ml.bootstrap_interval`). The rule of three bounds events that never occurred; it
counts pairs of people, not pairs of pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from ml import (
    Anchors,
    Calibration,
    Curve,
    Histogram,
    Normalised,
    Trials,
    bootstrap_interval,
    person_similarities,
    threshold_at_far,
    upper_bound_without_errors,
)
from webapp.gallery.base import Rows
from webapp.inference.active_model import active_model
from webapp.services.thresholds.error_rates import Costs

FEWEST_PEOPLE = 2
# Fewer people give no rates: a few of them decide everything.
ENOUGH_PEOPLE = 10
MOST_PEOPLE, MOST_ANCHORS = 300, 2000
ROUNDS, SEED = 300, 20
FAR_STEPS, FRR_STEPS, BARS = 40, 20, 40


@dataclass(frozen=True)
class Proposal:
    """The lowest score, in tenths, that keeps the FAR at a target here, with its 95 % interval."""

    score: float
    low: float
    high: float


@dataclass(frozen=True)
class OwnScores:
    """Scores between the people enrolled here.

    Attributes:
        costs: error rates of thresholds for these people.
        histogram: histogram of their trials, by similarity.
        impostors: similarities of the impostor trials, ascending.
        enrolled: number of people enrolled.
        compared: number of people compared.
        several: number of people compared who have several anchors, and so genuine trials.
    """

    costs: Costs
    histogram: Histogram
    impostors: np.ndarray
    enrolled: int
    compared: int
    several: int

    @property
    def pairs_of_people(self) -> int:
        """Number of pairs of different people compared."""
        return _pairs(self.compared)

    @property
    def tells_strangers(self) -> bool:
        """Whether the people compared are enough to estimate the FAR."""
        return self.compared >= ENOUGH_PEOPLE

    @property
    def tells_genuine(self) -> bool:
        """Whether the people with several anchors are enough to estimate the FRR."""
        return self.several >= ENOUGH_PEOPLE

    @property
    def far(self) -> float:
        """Target FAR of the proposal: the calibration's."""
        return self.costs.calibration.default_far

    def proposal(self) -> Proposal | None:
        """Return the threshold proposed for these people; None if there are too few."""
        if self.costs.curve.far_supported > self.far:
            return None
        calibration, curve = self.costs.calibration, self.costs.curve
        lowest = calibration.score(threshold_at_far(self.impostors, self.far))
        # The threshold's limits are where the limits of FAR cross the target, or the last grid
        # point.
        ends = [
            calibration.score(float(curve.threshold[int(np.argmax(within))]))
            for within in (
                np.append(rates[:-1] <= self.far, True) for rates in (curve.far_low, curve.far_high)
            )
        ]
        return Proposal(min(math.ceil(lowest * 10) / 10, 100.0), min(lowest, ends[0]), ends[1])


def people_needed(far: float) -> int:
    """Return the smallest number of people for which the rule of three supports a FAR."""
    people = FEWEST_PEOPLE
    while upper_bound_without_errors(_pairs(people)) > far:
        people += 1
    return people


_MEASURED: WeakKeyDictionary[Rows, dict[str, OwnScores]] = WeakKeyDictionary()


def own_scores(rule: str) -> OwnScores | None:
    """Return the scores of the people enrolled here by a matching rule; None for fewer than two.

    Measured once for each state of the gallery.
    """
    gallery = active_model().gallery
    enrolled = gallery.refresh().people
    if enrolled < FEWEST_PEOPLE:
        return None
    rows = gallery.sample(MOST_ANCHORS, MOST_PEOPLE)
    measured = _MEASURED.setdefault(rows, {})
    if rule not in measured:
        measured[rule] = measure(rows, enrolled, rule, active_model().engine.calibration)
    return measured[rule]


def measure(rows: Rows, enrolled: int, rule: str, calibration: Calibration) -> OwnScores:
    """Compare the sampled people with each other."""
    anchors = rows.anchors
    trials = own_trials(rows.normalised, anchors, rule)
    genuine = trials.genuine
    people, several = len(anchors.starts), int((anchors.counts > 1).sum())
    curve = _curve(trials, rule, people, calibration.default_far)
    edges = np.histogram_bin_edges(trials.similarity, BARS)
    bars = [
        np.histogram(trials.similarity[chosen], edges)[0] / max(int(chosen.sum()), 1)
        for chosen in (genuine, ~genuine)
    ]
    return OwnScores(
        costs=Costs(calibration, curve, people_tried=max(several, 1)),
        histogram=Histogram(edges, *bars),
        impostors=np.sort(trials.similarity[~genuine]),
        enrolled=enrolled,
        compared=people,
        several=several,
    )


def own_trials(normalised: Normalised, anchors: Anchors, rule: str) -> Trials:
    """Return the trials of every anchor against everybody; with its own person, without itself.

    Args:
        normalised: n rows, grouped by person.
        anchors: the person of each row.
        rule: the matching rule.
    """
    people, probe_of = (
        np.arange(len(anchors.starts)),
        np.repeat(np.arange(len(anchors.starts)), anchors.counts),
    )
    among = normalised.similarities(normalised)
    similarities = person_similarities(among, anchors, rule)
    for person in people:
        own = slice(anchors.starts[person], anchors.starts[person] + anchors.counts[person])
        similarities[person, own] = _without_itself(among[own, own], rule)
    probe, anchor = np.meshgrid(probe_of, people)
    usable = ~np.isnan(similarities)
    return Trials(similarities[usable], probe[usable], anchor[usable])


def _without_itself(among: np.ndarray, rule: str) -> list[float]:
    """Return each anchor's similarity with its person's others; NaN if there are none.

    `among` holds the similarities of the person's anchors with each other, (k, k).
    """
    if len(among) == 1:
        return [math.nan]
    found = []
    layout = Anchors(np.zeros(1, np.int64), len(among) - 1)
    for number in range(len(among)):
        others = np.arange(len(among)) != number
        found.append(float(person_similarities(among[others, number], layout, rule)[0]))
    return found


def _curve(trials: Trials, rule: str, people: int, goal: float) -> Curve:
    genuine = trials.genuine
    impostor = Trials(trials.similarity[~genuine], trials.probe[~genuine], trials.anchor[~genuine])
    own = Trials(trials.similarity[genuine], trials.probe[genuine], trials.anchor[genuine])
    supported = upper_bound_without_errors(_pairs(people))
    at_goal = threshold_at_far(impostor.similarity, goal)
    grid = np.union1d(_grid(own.similarity, impostor.similarity, supported), np.float32(at_goal))
    far, far_low, far_high = _accepted(impostor, grid, people)
    tar, tar_low, tar_high = _accepted(own, grid, people)
    return Curve(
        rule=rule,
        anchors=1,
        threshold=grid,
        far=far,
        far_low=far_low,
        far_high=far_high,
        frr=1 - tar,
        frr_low=1 - tar_high,
        frr_high=1 - tar_low,
        genuine_trials=len(own.similarity),
        impostor_trials=len(impostor.similarity),
        people=people,
        far_supported=supported,
    )


def _grid(genuine: np.ndarray, impostor: np.ndarray, least_far: float) -> np.ndarray:
    """Return thresholds, dense where the rates change, up to one above every similarity."""
    accepted = np.quantile(impostor, 1 - np.geomspace(least_far / 2, 1, FAR_STEPS))
    refused = np.quantile(genuine, np.linspace(0, 1, FRR_STEPS)) if len(genuine) else []
    points = np.concatenate([accepted, refused]).astype(np.float32)
    return np.unique(np.append(points, np.nextafter(np.float32(points.max()), np.float32(2))))


def _accepted(
    trials: Trials, grid: np.ndarray, people: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the share accepted at each threshold, and its interval; [0, 1] without trials."""
    if not len(trials.similarity):
        return np.ones(len(grid)), np.zeros(len(grid)), np.ones(len(grid))
    counts = trials.counts_above(grid)
    share = counts.shares(np.ones((1, people), np.float32))[0]
    low, high = bootstrap_interval(counts, [np.arange(people)], rounds=ROUNDS, seed=SEED)
    return share, low, high


def _pairs(people: int) -> int:
    return math.comb(people, 2)
