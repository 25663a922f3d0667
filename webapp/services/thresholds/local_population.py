"""What the people enrolled here say about a threshold: their anchors compared with each other.

Each anchor stands as probe: against its person's other anchors it is a genuine trial, against
everybody else's an impostor trial, both by the matching rule in force. Anchors are better pictures
than most tries, so genuine tries fail more often than these.

The work is bounded: of many people some are drawn, always the same ones for the same gallery.
Intervals resample people (`ml.bootstrap_interval`); what was never seen is bounded by the rule of
three, counting pairs of people, not pairs of pictures.
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
# Of fewer people no rates are given: a few of them decide everything.
ENOUGH_PEOPLE = 10
MOST_PEOPLE, MOST_ANCHORS = 300, 2000
ROUNDS, SEED = 300, 20
FAR_STEPS, FRR_STEPS, BARS = 40, 20, 40


@dataclass(frozen=True)
class Proposal:
    """The lowest score, in tenths, that keeps FAR at a goal here, with its 95 % interval."""

    score: float
    low: float
    high: float


@dataclass(frozen=True)
class OwnScores:
    """The scores between the people enrolled here.

    Attributes:
        costs: what thresholds would mean for them.
        histogram: of their trials, by similarity.
        impostors: the impostor trials' similarities, ascending.
        enrolled: how many people are enrolled.
        compared: how many of them were compared.
        several: how many of these have several anchors, so that genuine trials exist.
    """

    costs: Costs
    histogram: Histogram
    impostors: np.ndarray
    enrolled: int
    compared: int
    several: int

    @property
    def pairs_of_people(self) -> int:
        """How many pairs of different people were compared."""
        return _pairs(self.compared)

    @property
    def tells_strangers(self) -> bool:
        """Whether these people are enough to say how many others would be accepted."""
        return self.compared >= ENOUGH_PEOPLE

    @property
    def tells_genuine(self) -> bool:
        """Whether enough of them have several anchors to say how many tries would be refused."""
        return self.several >= ENOUGH_PEOPLE

    @property
    def far(self) -> float:
        """The FAR at which a threshold is proposed: the calibration's."""
        return self.costs.calibration.default_far

    def proposal(self) -> Proposal | None:
        """The threshold for these people; None where they are too few to tell."""
        if self.costs.curve.far_supported > self.far:
            return None
        calibration, curve = self.costs.calibration, self.costs.curve
        lowest = calibration.score(threshold_at_far(self.impostors, self.far))
        # Where the interval of FAR meets the goal, that of the threshold ends, or else at the last.
        ends = [
            calibration.score(float(curve.threshold[int(np.argmax(within))]))
            for within in (
                np.append(rates[:-1] <= self.far, True) for rates in (curve.far_low, curve.far_high)
            )
        ]
        return Proposal(min(math.ceil(lowest * 10) / 10, 100.0), min(lowest, ends[0]), ends[1])


def people_needed(far: float) -> int:
    """How many people a FAR needs to be told from none: so that the rule of three reaches it."""
    people = FEWEST_PEOPLE
    while upper_bound_without_errors(_pairs(people)) > far:
        people += 1
    return people


_MEASURED: WeakKeyDictionary[Rows, dict[str, OwnScores]] = WeakKeyDictionary()


def own_scores(rule: str) -> OwnScores | None:
    """The scores of the people enrolled here by a matching rule; None for fewer than two.

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
    """Compare some of the people enrolled with each other."""
    anchors = rows.anchors
    trials = own_trials(rows.embeddings, anchors, rule)
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


def own_trials(embeddings: np.ndarray, anchors: Anchors, rule: str) -> Trials:
    """Every anchor against everybody; against its own person without itself.

    Args:
        embeddings: float32 (n, d), rows grouped by person.
        anchors: which rows belong to whom.
        rule: the matching rule.
    """
    people, probe_of = (
        np.arange(len(anchors.starts)),
        np.repeat(np.arange(len(anchors.starts)), anchors.counts),
    )
    similarities = person_similarities(embeddings @ embeddings.T, anchors, rule)
    for person in people:
        own = slice(anchors.starts[person], anchors.starts[person] + anchors.counts[person])
        similarities[person, own] = _without_itself(embeddings[own], rule)
    probe, anchor = np.meshgrid(probe_of, people)
    usable = ~np.isnan(similarities)
    return Trials(similarities[usable], probe[usable], anchor[usable])


def _without_itself(embeddings: np.ndarray, rule: str) -> list[float]:
    """Each of a person's anchors against the others, NaN where there are none."""
    if len(embeddings) == 1:
        return [math.nan]
    found = []
    for number, probe in enumerate(embeddings):
        others = np.delete(embeddings, number, axis=0)
        layout = Anchors.of(others, np.zeros(1, np.int64))
        found.append(float(person_similarities(others @ probe, layout, rule)[0]))
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
    """Thresholds dense where rates change, up to one that nobody reaches."""
    accepted = np.quantile(impostor, 1 - np.geomspace(least_far / 2, 1, FAR_STEPS))
    refused = np.quantile(genuine, np.linspace(0, 1, FRR_STEPS)) if len(genuine) else []
    points = np.concatenate([accepted, refused]).astype(np.float32)
    return np.unique(np.append(points, np.nextafter(np.float32(points.max()), np.float32(2))))


def _accepted(
    trials: Trials, grid: np.ndarray, people: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share accepted at each threshold, with its interval; all of it where there are no trials."""
    if not len(trials.similarity):
        return np.ones(len(grid)), np.zeros(len(grid)), np.ones(len(grid))
    counts = trials.counts_above(grid)
    share = counts.shares(np.ones((1, people), np.float32))[0]
    low, high = bootstrap_interval(counts, [np.arange(people)], rounds=ROUNDS, seed=SEED)
    return share, low, high


def _pairs(people: int) -> int:
    return math.comb(people, 2)
