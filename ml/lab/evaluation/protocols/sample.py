"""A sample of similarities stored with an artifact, to detect silent changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ml.lab.evaluation.protocols.pairs import PairScores

PAIRS_OF_A_KIND = 25  # genuine, and impostor pairs
SEED = 20


def sample_of(scores: PairScores) -> dict[str, Any]:
    """Return numbers of some pairs, the same for every model, and their similarities."""
    generator = np.random.default_rng(SEED)
    same = scores.pairs.same
    chosen = [
        generator.choice(np.flatnonzero(kind), PAIRS_OF_A_KIND, replace=False)
        for kind in (same, ~same)
    ]
    numbers = np.sort(np.concatenate(chosen))
    return {
        "pairs": numbers.tolist(),
        "similarity": [round(float(value), 4) for value in scores.similarity[numbers]],
    }
