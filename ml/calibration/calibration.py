"""The calibration of a model: error rates over the threshold, the score map and thresholds.

`python -m ml calibrate` writes `calibration.json` beside the weights. Its people are disjoint from
those of training and of the reported tests. A calibration belongs to one model id; another model
rejects it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ml.arrays import Reals
from ml.calibration.curves import Curve, Histogram, between_curves, beyond_curves, share_between
from ml.calibration.identification import SearchPoint, ThresholdBySize
from ml.normalisation import PLAIN_COSINE, Normaliser

# Default FPIR: share of strangers for whom an identification returns anybody.
IDENTIFICATION_FPIR = 0.01
# Least FMR of a similarity that is carried over; beyond all strangers it would be 0.
LEAST_FAR = 1e-7
# Rules whose FAR grows with the number of anchors.
GROWING_RULES = ("best", "top")


@dataclass(frozen=True)
class Calibration:
    """Error rates, score map and thresholds of one model.

    Attributes:
        model_id: the model that was measured.
        default_rule: the matching rule, unless an administrator chooses another.
        default_far: the FAR of the default threshold.
        default_threshold: the similarity from which a probe matches.
        score_knots: similarities and scores, ascending, between which `score` interpolates.
        pairs: FMR and FNMR of single comparisons, over all pairs of photos.
        histogram: histogram of the same comparisons.
        curves: error rates by rule and number of anchors.
        searches: identification by rule, number of anchors and size of the gallery.
        made_from: data sets, numbers of people and pictures, failures to enrol.
        middle: mean of all embeddings, float64 (d,); None in files of early releases.
        normaliser: turns embeddings into the similarities of this calibration.
        former: similarities, ascending, and their FMR by the digest of earlier normalisers.
    """

    model_id: str
    default_rule: str
    default_far: float
    default_threshold: float
    score_knots: tuple[Reals, Reals]
    pairs: Curve
    histogram: Histogram
    curves: dict[str, dict[int, Curve]]
    searches: tuple[SearchPoint, ...]
    made_from: dict[str, Any]
    middle: Reals | None = None
    normaliser: Normaliser = PLAIN_COSINE
    former: dict[str, tuple[Reals, Reals]] = field(default_factory=dict)

    def score(self, similarity: float) -> float:
        """Map a similarity, -1 to 1, to a score, 0 to 100; the default threshold maps to 50.

        >>> calibration.score(calibration.default_threshold)
        50.0
        """
        return float(np.interp(similarity, *self.score_knots))

    def similarity(self, score: float) -> float:
        """Map a score, 0 to 100, to its similarity."""
        return float(np.interp(score, *self.score_knots[::-1]))

    def carried_over(self, similarity: float, digest: str) -> float:
        """Return the similarity that has the FMR that a similarity had by another normaliser.

        Args:
            similarity: a similarity or threshold by the other normaliser.
            digest: the other normaliser's digest; by this calibration's own, nothing changes.

        Returns:
            The similarity; the default threshold for a normaliser that the calibration does not
            know.
        """
        if digest == self.normaliser.digest:
            return similarity
        if digest not in self.former:
            return self.default_threshold
        thresholds, far = self.former[digest]
        passing = float(np.interp(similarity, thresholds, far))
        return self.pairs.threshold_at_far(max(passing, LEAST_FAR))

    def score_by(self, similarity: float, digest: str) -> float | None:
        """Map a similarity by any normaliser to a score; None by one that is not known."""
        if digest != self.normaliser.digest and digest not in self.former:
            return None
        return self.score(self.carried_over(similarity, digest))

    def curve(self, rule: str | None = None, anchors: int = 1) -> Curve:
        """Return the curve of a rule for a number of anchors, 1 or more.

        Between measured numbers of anchors, rates are interpolated by the logarithm of the number.
        Beyond the largest, rates stay constant. The FAR of `GROWING_RULES` is extrapolated from the
        last two curves instead, which slightly overestimates it.

        Raises:
            KeyError: if the rule was not measured.
        """
        rule = rule or self.default_rule
        fewer, *more = self.measured_for(rule, anchors)
        if not more:
            return fewer
        combined = between_curves if anchors < more[0].anchors else beyond_curves
        return replace(combined(fewer, more[0], anchors), rule=rule)

    def measured_for(self, rule: str | None = None, anchors: int = 1) -> tuple[Curve, ...]:
        """Return the measured curves that `curve` combines: the exact one, or two neighbours.

        Raises:
            KeyError: if the rule was not measured.
        """
        rule = rule or self.default_rule
        of_rule = self.curves[rule]
        fewer = [of_rule[count] for count in sorted(of_rule) if count <= anchors]
        more = [of_rule[count] for count in sorted(of_rule) if count > anchors]
        if not fewer:
            return (more[0],)
        if fewer[-1].anchors == anchors:
            return (fewer[-1],)
        if more:
            return fewer[-1], more[0]
        return tuple(fewer[-2:]) if rule in GROWING_RULES else (fewer[-1],)

    def threshold_at_far(self, far: float, *, anchors: int = 1, rule: str | None = None) -> float:
        """Return the similarity at which the FAR is `far`.

        >>> strict = calibration.threshold_at_far(0.0001)
        >>> strict > calibration.threshold_at_far(0.01)
        True
        """
        return self.curve(rule, anchors).threshold_at_far(far)

    def identification_threshold(
        self,
        people: int,
        *,
        anchors: int = 1,
        rule: str | None = None,
        fpir: float = IDENTIFICATION_FPIR,
    ) -> float:
        """Return the similarity at which the FPIR is `fpir` in a gallery of `people`.

        The threshold never falls with more people or a smaller FPIR:

        - A gallery of one person needs the threshold of a verification.
        - Between measured sizes, the threshold follows the logarithm of the size.
        - Beyond the largest size, it rises as with one anchor at IDENTIFICATION_FPIR, along the
          last measured step.
        - Between measured numbers of anchors, it follows their logarithm.
        - Beyond them, it rises by as much as the threshold of a verification.
        - Without any measured gallery, the union bound over single comparisons applies.

        Args:
            people: number of people enrolled.
            anchors: number of anchors a person.
            rule: the matching rule; None for the default.
            fpir: share of strangers for whom anybody is returned, 0 to 1.

        Raises:
            KeyError: if the rule was not measured.
        """
        rule = rule or self.default_rule
        if not self.searches and rule in self.curves:
            return self.pairs.threshold_at_far(fpir / max(people * anchors, 1))
        measured = self._by_size(rule, anchors, fpir)
        measured_people = min(people, measured.largest)
        rise = self._rise(rule, measured_people, people)
        return min(measured.at(measured_people) + rise, 1.0)

    def _rise(self, rule: str, people: int, more_people: int) -> float:
        """Return by how much the threshold rises from one size of gallery to a larger one."""
        # The same FPIR for every caller keeps extrapolated thresholds from crossing.
        single = self._by_size(rule, 1, IDENTIFICATION_FPIR)
        return single.at(more_people) - single.at(people)

    def _by_size(self, rule: str, anchors: int, fpir: float) -> ThresholdBySize:
        counts = {point.anchors for point in self.searches if point.rule == rule}
        if not counts:
            raise KeyError(rule)
        fewer = max((count for count in counts if count <= anchors), default=min(counts))
        more = min((count for count in counts if count >= anchors), default=fewer)
        few, many = (self._measured(rule, count, fpir) for count in (fewer, more))
        share = share_between(anchors, fewer, more)
        beyond = self._verification_rise(max(counts), anchors, rule)
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

    def _verification_rise(self, most: int, anchors: int, rule: str) -> float:
        """Return by how much anchors beyond `most` raise the threshold of a verification."""
        if anchors <= most:
            return 0.0
        few, many = (
            self.threshold_at_far(IDENTIFICATION_FPIR, anchors=count, rule=rule)
            for count in (most, anchors)
        )
        return many - few
