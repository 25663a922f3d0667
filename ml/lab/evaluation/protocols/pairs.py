"""Figures of a pair protocol: accuracy by folds, ROC, EER, TAR at FAR, hardest pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ml.arrays import Similarities
from ml.error_rates import (
    TenFold,
    confidence_limits,
    equal_error_rate,
    fold_accuracy,
    tar_at_far,
)
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.impostors import REFUSED
from ml.lab.evaluation.measures.resampling import Estimate, PersonTrials, share_right
from ml.lab.evaluation.protocols.folds import NO_FOLD
from ml.lab.evaluation.protocols.photos import Pairs

FARS = (1e-2, 1e-3)
DIGITS = 5


@dataclass(frozen=True)
class PairScores:
    """Similarities of a protocol's pairs, float32 (n,); NaN for an unusable photo."""

    pairs: Pairs
    similarity: Similarities

    @property
    def genuine(self) -> np.ndarray:
        """Similarities of genuine pairs; unusable ones are `REFUSED`."""
        return np.nan_to_num(self.similarity[self.pairs.same], nan=REFUSED)

    @property
    def impostor(self) -> np.ndarray:
        """Similarities of impostor pairs; unusable ones are `REFUSED`."""
        return np.nan_to_num(self.similarity[~self.pairs.same], nan=REFUSED)

    @property
    def genuine_trials(self) -> PersonTrials:
        """Genuine pairs with their people."""
        person = self.pairs.photos.person[self.pairs.a[self.pairs.same]]
        return PersonTrials.of(self.genuine, person)

    @cached_property
    def folds(self) -> TenFold:
        """Accuracy by folds, over the pairs that have one."""
        in_fold = self.pairs.fold != NO_FOLD
        pairs = self.pairs
        return fold_accuracy(self.similarity[in_fold], pairs.same[in_fold], pairs.fold[in_fold])

    @cached_property
    def accuracy(self) -> Estimate:
        """Share of correct decisions on those pairs, with its interval over people."""
        in_fold = self.pairs.fold != NO_FOLD
        person = self.pairs.photos.person
        first, second = person[self.pairs.a[in_fold]], person[self.pairs.b[in_fold]]
        return share_right(self.folds.right, first, second, len(self.pairs.photos.names))

    def figures(self) -> dict[str, Any]:
        """Return accuracy with standard error and interval, TAR at FAR 1e-2 and 1e-3, EER."""
        tars = {rate_name(far): tar_at_far(self.genuine, self.impostor, far) for far in FARS}
        low, high = confidence_limits(self.accuracy.resamples)
        return {
            "accuracy": round(self.folds.accuracy, DIGITS),
            "accuracy_se": round(self.folds.standard_error, DIGITS),
            "accuracy_low": round(float(low), DIGITS),
            "accuracy_high": round(float(high), DIGITS),
            **{name: round(value, 4) for name, value in tars.items()},
            "eer": round(equal_error_rate(self.genuine, self.impostor), DIGITS),
        }


def rate_name(far: float) -> str:
    """Return the key of a TAR: tar_at_far_1e-3 for 0.001."""
    return f"tar_at_far_1e-{round(-np.log10(far))}"


def score_pairs(pairs: Pairs, embedded: Embedded, *, mirrored: bool) -> PairScores:
    """Compare the photos of every pair."""
    photos = embedded.view(mirrored)
    similarity = photos[pairs.a].paired(photos[pairs.b])
    usable = embedded.usable[pairs.a] & embedded.usable[pairs.b]
    return PairScores(pairs, np.where(usable, similarity, np.nan).astype(np.float32))
