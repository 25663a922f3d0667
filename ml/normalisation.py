"""Adaptive symmetric score normalisation: one threshold for everybody.

A network places some groups of people closer together than others, so at one cosine strangers of
these groups pass for each other more often. The cosine of two embeddings is therefore compared with
what strangers reach who are most like either of them: with mean μ and standard deviation σ of an
embedding's cosines to the nearest of a varied cohort of strangers,

    similarity(a, b) = scale · ½ · [(cos − μ(a)) / σ(a) + (cos − μ(b)) / σ(b)]

`scale`, the cohort's mean σ, keeps the range of a cosine. At similarity 0, two faces are as alike
as the nearest strangers are on average. μ and σ are smooth functions of the embedding, so a kernel
ridge regression replaces the cohort, and no person's embedding is stored. Nobody's group is known.

Auckenthaler et al., "Score normalization for text-independent speaker verification systems", 2000;
Matějka et al., "Analysis of score normalization in multilingual speaker recognition", 2017;
Terhörst et al., "Post-comparison mitigation of demographic bias in face recognition using fair
score normalization", 2020.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ml.arrays import Embeddings, Similarities
from ml.errors import ModelBroken, reason_of
from ml.runtime.files import replacing

FILE = "normaliser.npz"
DIGEST_DIGITS = 16
# Rows per block: bounds the memory of the kernel matrix.
BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Normalised:
    """Embeddings with the statistics that normalise their comparisons.

    Attributes:
        embeddings: float32 (n, d), of unit length.
        statistics: float32 (n, 2), scale / (2σ) and scale · μ / (2σ) of each embedding.
    """

    embeddings: Embeddings
    statistics: np.ndarray

    def __len__(self) -> int:
        """Return the number of embeddings."""
        return len(self.embeddings)

    def __getitem__(self, rows: Any) -> Normalised:
        """Return some rows: a slice, a mask, or int (k,)."""
        return Normalised(self.embeddings[rows], self.statistics[rows])

    def similarities(self, others: Normalised) -> Similarities:
        """Compare every embedding with every other, float32 (n, m), from -1 to 1."""
        found: Similarities = self.embeddings @ others.embeddings.T
        found *= self.statistics[:, :1] + others.statistics[:, 0]
        found -= self.statistics[:, 1:] + others.statistics[:, 1]
        np.clip(found, -1, 1, out=found)
        return found

    def paired(self, others: Normalised) -> Similarities:
        """Compare row i with row i of others, float32 (n,), from -1 to 1."""
        cosines = (self.embeddings * others.embeddings).sum(axis=1)
        scale, offset = (self.statistics + others.statistics).T
        found: Similarities = np.clip(cosines * scale - offset, -1, 1)
        return found


def concatenated(parts: Sequence[Normalised]) -> Normalised:
    """Return the rows of all parts, in order."""
    return Normalised(
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.statistics for part in parts]),
    )


@dataclass(frozen=True, eq=False)
class ScoreNormaliser:
    """Regression of μ and σ on the embedding, learnt from a cohort of strangers.

    Attributes:
        centres: float32 (c, d), of unit length; each the mean of at least ten people.
        sharpness: the Gaussian kernel is exp(sharpness · (cosine - 1)).
        weights: float64 (c + d + 1, 2), of the kernels, the embedding and a constant.
        bounds: float64 (2, 2), lowest and highest μ and σ of the cohort. An input unlike every
            face must not gain by an extrapolated value.
        scale: mean σ of the cohort.
        origin: data set of the cohort, and its terms.
    """

    centres: Embeddings
    sharpness: float
    weights: np.ndarray
    bounds: np.ndarray
    scale: float
    origin: str

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digest of the numbers; it identifies the scale of similarities."""
        numbers = (self.centres, self.sharpness, self.weights, self.bounds, self.scale)
        found = hashlib.sha256()
        for number in numbers:
            found.update(np.asarray(number, "<f8").tobytes())
        return found.hexdigest()[:DIGEST_DIGITS]

    def __call__(self, embeddings: Embeddings) -> Normalised:
        """Add the statistics to embeddings, float32 (n, d) of unit length."""
        statistics = np.empty((len(embeddings), 2), np.float32)
        for start in range(0, len(embeddings), BLOCK):
            mean, deviation = self.moments(embeddings[start : start + BLOCK]).T
            statistics[start : start + BLOCK, 0] = self.scale / (2 * deviation)
            statistics[start : start + BLOCK, 1] = self.scale * mean / (2 * deviation)
        return Normalised(embeddings, statistics)

    def moments(self, embeddings: Embeddings) -> np.ndarray:
        """Return μ and σ of embeddings, float64 (n, 2)."""
        found = features(embeddings, self.centres, self.sharpness) @ self.weights
        clipped: np.ndarray = np.clip(found, *self.bounds)
        return clipped


class PlainCosine:
    """The cosine itself, for models without a normaliser."""

    origin, digest = "", ""

    def __call__(self, embeddings: Embeddings) -> Normalised:
        """Return embeddings, float32 (n, d) of unit length, whose similarity is the cosine."""
        statistics = np.zeros((len(embeddings), 2), np.float32)
        statistics[:, 0] = 0.5
        return Normalised(embeddings, statistics)


PLAIN_COSINE = PlainCosine()
Normaliser = ScoreNormaliser | PlainCosine


def features(embeddings: Embeddings, centres: Embeddings, sharpness: float) -> np.ndarray:
    """Return the inputs of the regression: kernels, embedding, constant; float64 (n, c + d + 1)."""
    kernels = np.exp(sharpness * (embeddings @ centres.T - 1))
    return np.hstack([kernels, embeddings, np.ones((len(embeddings), 1))]).astype(np.float64)


def save_normaliser(folder: Path, normaliser: ScoreNormaliser) -> None:
    """Write `normaliser.npz` into an artifact's folder."""
    with replacing(folder / FILE) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            centres=normaliser.centres.astype(np.float16),
            sharpness=normaliser.sharpness,
            weights=normaliser.weights,
            bounds=normaliser.bounds,
            scale=normaliser.scale,
            origin=normaliser.origin,
        )


def load_normaliser(folder: Path, digest: str, remedy: str) -> Normaliser:
    """Read the normaliser of an artifact; `PLAIN_COSINE` for an empty digest.

    Raises:
        ModelBroken: if the file is missing, damaged, or not the one of the calibration.
    """
    if not digest:
        return PLAIN_COSINE
    file = f"{folder.name}/{FILE}"
    try:
        with np.load(io.BytesIO((folder / FILE).read_bytes())) as table:
            normaliser = ScoreNormaliser(
                centres=table["centres"].astype(np.float32),
                sharpness=float(table["sharpness"]),
                weights=table["weights"],
                bounds=table["bounds"],
                scale=float(table["scale"]),
                origin=str(table["origin"]),
            )
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ModelBroken(f"{file} cannot be read ({reason_of(error)}); {remedy}") from error
    if normaliser.digest != digest:
        raise ModelBroken(f"{file} is damaged or of another calibration; {remedy}")
    return normaliser
