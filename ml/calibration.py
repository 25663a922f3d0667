"""What a similarity means: error rates over the threshold, the score people see, thresholds.

`calibration.json` stands beside the weights and is made by `python -m ml.calibrate` from people who
took part neither in training nor in the reported tests. It belongs to one model id and is refused
for any other. Reading it needs no TensorFlow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.errors import ModelBroken

FILE = "calibration.json"
# One person in a hundred strangers may be taken for somebody enrolled.
IDENTIFICATION_FPIR = 0.01


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
        far_supported: the smallest FAR that these people can support.
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
            name: float(np.interp(threshold, self.threshold, getattr(self, name)))
            for name in ("far", "far_low", "far_high", "frr", "frr_low", "frr_high")
        }


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
        """The curve of a rule for the largest measured number of anchors not above `anchors`.

        Raises:
            KeyError: if the rule was not measured.
        """
        of_rule = self.curves[rule or self.default_rule]
        fitting = [count for count in of_rule if count <= anchors]
        return of_rule[max(fitting, default=min(of_rule))]

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

        Between the measured sizes of a gallery it follows the logarithm of the size. Galleries with
        several anchors were measured up to the number of people who have several photos; beyond,
        they rise as those with one anchor do, and these along their last step. Where too few
        people were measured for any gallery, every comparison is taken for a chance of its own
        (union bound over single comparisons).

        Args:
            people: how many are enrolled.
            anchors: of each of them; the largest measured number not above it counts.
            rule: the matching rule; None for the default one.
            fpir: share of strangers, 0 to 1.

        Raises:
            KeyError: if the rule was not measured.
        """
        rule = rule or self.default_rule
        if not self.searches and rule in self.curves:
            return self.pairs.threshold_at_far(fpir / max(people * anchors, 1))
        counts = {point.anchors for point in self.searches if point.rule == rule}
        if not counts:
            raise KeyError(rule)
        chosen = max((count for count in counts if count <= anchors), default=min(counts))
        measured = self._thresholds_by_size(rule, chosen, fpir)
        single = self._thresholds_by_size(rule, min(counts), fpir)
        largest = max(measured)
        if people <= largest or chosen == min(counts):
            return min(_by_size(people, measured), 1.0)
        rise = _by_size(people, single) - _by_size(largest, single)
        return min(measured[largest] + rise, 1.0)

    def _thresholds_by_size(self, rule: str, anchors: int, fpir: float) -> dict[int, float]:
        return {
            point.people: point.threshold_at(fpir)
            for point in self.searches
            if (point.rule, point.anchors) == (rule, anchors)
        }


def _by_size(people: int, thresholds: dict[int, float]) -> float:
    sizes = sorted(thresholds)
    return _along(
        np.log(max(people, 1)), np.log(sizes), np.array([thresholds[size] for size in sizes])
    )


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
    remedy = f"run: python -m ml.calibrate {folder.name}"
    if not path.exists():
        raise ModelBroken(f"{file} is missing; {remedy}")
    try:
        table = json.loads(path.read_text())
        calibration = _from_table(table)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelBroken(f"{file} cannot be read ({error!r}); {remedy}") from error
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
