"""What a similarity means: error rates over the threshold, the score people see, thresholds.

`calibration.json` stands beside the weights and is made by `python -m ml calibrate` from people who
took part neither in training nor in the reported tests. It belongs to one model id and is refused
for any other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.errors import ModelBroken, reason_of

FILE = "calibration.json"
# One person in a hundred strangers may be taken for somebody enrolled.
IDENTIFICATION_FPIR = 0.01
# Rules by which every anchor more is a chance more for a stranger.
BY_THE_BEST = ("best", "top")
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
        return _along(np.log(fpir), np.log(self.fpir[::-1]), self.threshold[::-1])


@dataclass(frozen=True)
class Calibration:
    """What the scores of one model mean.

    Attributes:
        model_id: the model it was measured with.
        default_rule: the matching rule that serves unless an administrator chooses another.
        default_far: the FAR at which the default threshold was set.
        default_threshold: the similarity at or above which a probe matches.
        pairs: the curve of single comparisons, over all pairs of photos.
        histogram: of the same comparisons.
        curves: by rule and number of anchors.
        searches: by rule, number of anchors and size of the gallery.
        made_from: which data, how many people and pictures, failures to enrol.
        middle: the mean of the embeddings of all that data, float64 (d,); None in older files.
    """

    model_id: str
    default_rule: str
    default_far: float
    default_threshold: float
    score_knots: tuple[np.ndarray, np.ndarray]
    pairs: Curve
    histogram: Histogram
    curves: dict[str, dict[int, Curve]]
    searches: tuple[SearchPoint, ...]
    made_from: dict[str, Any]
    middle: np.ndarray | None = None

    def score(self, similarity: float) -> float:
        """Map a similarity, -1 to 1, to a score, 0 to 100; the default threshold is at 50."""
        return float(np.interp(similarity, *self.score_knots))

    def similarity(self, score: float) -> float:
        """Map a score, 0 to 100, back to its similarity."""
        return float(np.interp(score, *self.score_knots[::-1]))

    def curve(self, rule: str | None = None, anchors: int = 1) -> Curve:
        """The curve of a rule for a number of anchors, 1 or more.

        Between measured numbers of anchors the rates follow the logarithm of the number. Beyond the
        last they stay; only by the rules that look for the best anchors strangers go on rising as
        from the last but one, a little too many rather than too few.

        Raises:
            KeyError: if the rule was not measured.
        """
        rule = rule or self.default_rule
        fewer, *more = self.measured_for(rule, anchors)
        if not more:
            return fewer
        within = _between if anchors < more[0].anchors else _beyond
        return replace(within(fewer, more[0], anchors), rule=rule)

    def measured_for(self, rule: str | None = None, anchors: int = 1) -> tuple[Curve, ...]:
        """The measured curves behind that for a number of anchors: that one, or two near it.

        Raises:
            KeyError: if the rule was not measured.
        """
        rule = _told_apart(rule or self.default_rule, anchors)
        of_rule = self.curves[rule]
        fewer = [of_rule[count] for count in sorted(of_rule) if count <= anchors]
        more = [of_rule[count] for count in sorted(of_rule) if count > anchors]
        if not fewer:
            return (more[0],)
        if fewer[-1].anchors == anchors:
            return (fewer[-1],)
        if more:
            return fewer[-1], more[0]
        return tuple(fewer[-2:]) if rule in BY_THE_BEST else (fewer[-1],)

    def threshold_at_far(self, far: float, *, anchors: int = 1, rule: str | None = None) -> float:
        """The similarity that lets a share `far` of impostors pass."""
        return self.curve(rule, anchors).threshold_at_far(far)

    def identification_threshold(
        self,
        people: int,
        *,
        anchors: int = 1,
        rule: str | None = None,
        fpir: float = IDENTIFICATION_FPIR,
    ) -> float:
        """The similarity at which a share `fpir` of strangers is taken for one of so many people.

        It never falls with more people or a smaller share. With one person a search is a
        verification; from there on, between the measured sizes of a gallery, it follows the
        logarithm of the size, and beyond the largest it rises as with one anchor at one stranger in
        a hundred, past what was measured along the last step. Between measured numbers of anchors
        it follows their logarithm; beyond them it is as much stricter as in verification. Where too
        few people were measured for any gallery, every comparison is taken for a chance of its own
        (union bound over single comparisons).

        Args:
            people: how many are enrolled.
            anchors: of each of them.
            rule: the matching rule; None for the default one.
            fpir: share of strangers, 0 to 1.

        Raises:
            KeyError: if the rule was not measured.
        """
        rule = _told_apart(rule or self.default_rule, anchors)
        if not self.searches and rule in self.curves:
            return self.pairs.threshold_at_far(fpir / max(people * anchors, 1))
        measured = self._by_size(rule, anchors, fpir)
        inside = min(people, measured.largest)
        return min(measured.at(inside) + self._rise(rule, inside, people), 1.0)

    def _rise(self, rule: str, inside: int, people: int) -> float:
        """By how much the threshold rises from a size of gallery to a larger one."""
        # At one FPIR for all, lest two that differ cross on their way.
        single = self._by_size(rule, 1, IDENTIFICATION_FPIR)
        return single.at(people) - single.at(inside)

    def _by_size(self, rule: str, anchors: int, fpir: float) -> _BySize:
        counts = {point.anchors for point in self.searches if point.rule == rule}
        if not counts:
            raise KeyError(rule)
        fewer = max((count for count in counts if count <= anchors), default=min(counts))
        more = min((count for count in counts if count >= anchors), default=fewer)
        few, many = (self._measured(rule, count, fpir) for count in (fewer, more))
        share = _place(anchors, fewer, more)
        beyond = self._stricter_than(max(counts), anchors, rule)
        between = {
            size: few[size] + share * (many[size] - few[size]) + beyond
            for size in few.keys() & many
        }
        verified = self.threshold_at_far(fpir, anchors=anchors, rule=rule)
        return _BySize.of({1: verified} | between)

    def _measured(self, rule: str, anchors: int, fpir: float) -> dict[int, float]:
        return {
            point.people: point.threshold_at(fpir)
            for point in self.searches
            if (point.rule, point.anchors) == (rule, anchors)
        }

    def _stricter_than(self, most: int, anchors: int, rule: str) -> float:
        """By how much more anchors than `most` raise the threshold of a verification."""
        if anchors <= most:
            return 0.0
        few, many = (
            self.threshold_at_far(IDENTIFICATION_FPIR, anchors=count, rule=rule)
            for count in (most, anchors)
        )
        return many - few


@dataclass(frozen=True)
class _BySize:
    """Thresholds of a search over ascending sizes of a gallery, (s,) each."""

    sizes: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def of(cls, thresholds: dict[int, float]) -> _BySize:
        """From those by size; one that lies below that of fewer people is noise, and is raised."""
        sizes = np.array(sorted(thresholds))
        return cls(sizes, np.maximum.accumulate([thresholds[size] for size in sizes]))

    @property
    def largest(self) -> int:
        """The size of the largest gallery."""
        return int(self.sizes[-1])

    def at(self, people: int) -> float:
        """By the logarithm of the size; past the largest along the last step."""
        return _along(np.log(max(people, 1)), np.log(self.sizes), self.thresholds)


def _told_apart(rule: str, anchors: int) -> str:
    """The rule that decides: half of two anchors is the better one."""
    return "best" if (rule, anchors) == ("share", 2) else rule


def _between(fewer: Curve, more: Curve, anchors: int) -> Curve:
    """The curve for a number of anchors between two that were measured."""
    share = _place(anchors, fewer.anchors, more.anchors)
    grid = np.union1d(fewer.threshold, more.threshold)
    few, many = fewer.rates_over(grid), more.rates_over(grid)
    rates: dict[str, Any] = {name: few[name] + share * (many[name] - few[name]) for name in RATES}
    return replace(more, anchors=anchors, threshold=grid, **rates)


def _beyond(fewer: Curve, more: Curve, anchors: int) -> Curve:
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


def _place(anchors: int, fewer: int, more: int) -> float:
    """Where a number lies between two by its logarithm, 0 to 1; 0 where these are one."""
    return 0.0 if fewer == more else float(np.log(anchors / fewer) / np.log(more / fewer))


def _never_rising(rates: np.ndarray) -> np.ndarray:
    return np.maximum.accumulate(rates[::-1])[::-1]


def _along(x: float, places: np.ndarray, values: np.ndarray) -> float:
    """Interpolate between ascending places, and go on along the first and the last step."""
    if len(places) == 1:
        return float(values[0])
    after = int(np.clip(np.searchsorted(places, x), 1, len(places) - 1))
    share = (x - places[after - 1]) / (places[after] - places[after - 1])
    return float(values[after - 1] + share * (values[after] - values[after - 1]))


def load_calibration(folder: Path, model_id: str) -> Calibration:
    """Read the calibration in an artifact's folder.

    Raises:
        ModelBroken: if it is missing, unreadable, or of another model.
    """
    path, file = folder / FILE, f"{folder.name}/{FILE}"
    remedy = f"run: python -m ml calibrate {folder.name}"
    if not path.exists():
        raise ModelBroken(f"{file} is missing; {remedy}")
    try:
        table = json.loads(path.read_text())
        calibration = _from_table(table)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelBroken(f"{file} cannot be read ({reason_of(error)}); {remedy}") from error
    if calibration.model_id != model_id:
        raise ModelBroken(f"{file} is of model {calibration.model_id}, not {model_id}; {remedy}")
    return calibration


def _from_table(table: dict[str, Any]) -> Calibration:
    knots = table["score_map"]
    return Calibration(
        model_id=table["model_id"],
        default_rule=table["default_rule"],
        default_far=table["default_far"],
        default_threshold=table["default_threshold"],
        score_knots=(np.array(knots["similarity"]), np.array(knots["score"])),
        pairs=_curve_from("pairs", 1, table["pairs"]),
        histogram=Histogram(**_arrays(table["histogram"])),
        curves={
            rule: {int(count): _curve_from(rule, int(count), row) for count, row in rows.items()}
            for rule, rows in table["verification"].items()
        },
        searches=tuple(SearchPoint(**_arrays(row)) for row in table["identification"]),
        made_from=table["made_from"],
        middle=np.array(table["middle"]) if "middle" in table else None,
    )


def _curve_from(rule: str, anchors: int, row: dict[str, Any]) -> Curve:
    return Curve(rule=rule, anchors=anchors, **_arrays(row))


def _arrays(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: np.array(value) if isinstance(value, list) else value for key, value in row.items()
    }
