"""Figures of a pair protocol: accuracy by folds, ROC, EER, TAR at FAR, worst errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.error_rates import equal_error_rate, fold_accuracy, tar_at_far
from ml.evaluation.embed import Embedded
from ml.evaluation.folds import NO_FOLD
from ml.evaluation.impostors import REFUSED
from ml.evaluation.photos import Pairs
from ml.evaluation.resampling import PersonTrials

FARS = (1e-2, 1e-3)


@dataclass(frozen=True)
class PairScores:
    """Similarities of a protocol's pairs, float32 (n,); NaN where a photo was unusable."""

    pairs: Pairs
    similarity: np.ndarray

    @property
    def genuine(self) -> np.ndarray:
        """Similarities of genuine pairs; an unusable one counts as refused."""
        return np.nan_to_num(self.similarity[self.pairs.same], nan=REFUSED)

    @property
    def impostor(self) -> np.ndarray:
        """Similarities of impostor pairs; an unusable one was not accepted."""
        return np.nan_to_num(self.similarity[~self.pairs.same], nan=REFUSED)

    @property
    def genuine_trials(self) -> PersonTrials:
        """The genuine pairs with their people."""
        person = self.pairs.photos.person[self.pairs.a[self.pairs.same]]
        return PersonTrials.of(self.genuine, person)

    def figures(self) -> dict[str, Any]:
        """Accuracy with its standard error, TAR at FAR 1e-2 and 1e-3, EER."""
        dealt = self.pairs.fold != NO_FOLD
        folds = fold_accuracy(
            self.similarity[dealt], self.pairs.same[dealt], self.pairs.fold[dealt]
        )
        tars = {rate_name(far): tar_at_far(self.genuine, self.impostor, far) for far in FARS}
        return {
            "accuracy": round(folds.accuracy, 5),
            "accuracy_se": round(folds.standard_error, 5),
            **{name: round(value, 4) for name, value in tars.items()},
            "eer": round(equal_error_rate(self.genuine, self.impostor), 5),
        }


def rate_name(far: float) -> str:
    """The key of a TAR: tar_at_far_1e-3 for 0.001."""
    return f"tar_at_far_1e-{round(-np.log10(far))}"


def score_pairs(pairs: Pairs, embedded: Embedded, *, mirrored: bool) -> PairScores:
    """Compare the photos of every pair."""
    embeddings = embedded.view(mirrored)
    similarity = (embeddings[pairs.a] * embeddings[pairs.b]).sum(axis=1)
    usable = embedded.usable[pairs.a] & embedded.usable[pairs.b]
    return PairScores(pairs, np.where(usable, similarity, np.nan).astype(np.float32))
