"""What a similarity means: error rates over the threshold, the score people see, thresholds.

`calibration.json` stands beside the weights and is made by `python -m ml calibrate` from people who
took part neither in training nor in the reported tests. It belongs to one model id and is refused
for any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml.calibration.curves import Curve, Histogram, between_curves, beyond_curves, share_between
from ml.calibration.identification import SearchPoint, ThresholdBySize

# One person in a hundred strangers may be taken for somebody enrolled.
IDENTIFICATION_FPIR = 0.01
# Rules by which every anchor more is a chance more for a stranger.
BY_THE_BEST = ("best", "top")


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
        within = between_curves if anchors < more[0].anchors else beyond_curves
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

    def _by_size(self, rule: str, anchors: int, fpir: float) -> ThresholdBySize:
        counts = {point.anchors for point in self.searches if point.rule == rule}
        if not counts:
            raise KeyError(rule)
        fewer = max((count for count in counts if count <= anchors), default=min(counts))
        more = min((count for count in counts if count >= anchors), default=fewer)
        few, many = (self._measured(rule, count, fpir) for count in (fewer, more))
        share = share_between(anchors, fewer, more)
        beyond = self._stricter_than(max(counts), anchors, rule)
        between = {
            size: few[size] + share * (many[size] - few[size]) + beyond
            for size in few.keys() & many
        }
        verified = self.threshold_at_far(fpir, anchors=anchors, rule=rule)
        return ThresholdBySize.of({1: verified} | between)

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


def _told_apart(rule: str, anchors: int) -> str:
    """The rule that decides: half of two anchors is the better one."""
    return "best" if (rule, anchors) == ("share", 2) else rule
