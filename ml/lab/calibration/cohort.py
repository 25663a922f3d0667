"""Learn a score normaliser from a cohort of strangers.

μ and σ of a photo are the moments of its cosines to the NEAREST photos of the cohort most like it.
The regression that replaces the cohort has a form: sharpness of the kernel, and ridge. The form is
chosen by cross-validation over the cohort: it needs no identities and no groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from tqdm import tqdm

from ml.arrays import Embeddings
from ml.lab.evaluation.protocols.photos import ProtocolError
from ml.normalisation import ScoreNormaliser, features

NEAREST = 50
# A centre is the mean of this many people, so that it is nobody's embedding.
PEOPLE_A_CENTRE = 10
CENTRES = 1024
FOLDS = 5
SEED = 24
# Fewest photos of a cohort: each of them needs NEAREST others like it.
LEAST_COHORT = 20 * NEAREST


@dataclass(frozen=True)
class Form:
    """Form of the regression: sharpness of the kernel, ridge."""

    sharpness: float
    ridge: float


FORMS = tuple(Form(*one) for one in product((3.0, 5.0, 15.0, 30.0), (0.01, 0.1, 1.0)))


@dataclass(frozen=True)
class Learnt:
    """A normaliser, its form, and the cross-validated error of that form.

    `error` is the root mean square error of predicted normalised cosines, in standard deviations.
    """

    normaliser: ScoreNormaliser
    form: Form
    error: float


def learn(cohort: Embeddings, origin: str) -> Learnt:
    """Learn a normaliser, with the form that predicts held-out photos best.

    Args:
        cohort: float32 (n, d), of unit length, one photo a person.
        origin: data set of the cohort, and its terms.

    Raises:
        ProtocolError: if the cohort has fewer than LEAST_COHORT photos.
    """
    if len(cohort) < LEAST_COHORT:
        raise ProtocolError(
            f"the cohort has {len(cohort)} usable photos; give at least {LEAST_COHORT}"
        )
    errors = _errors(cohort)
    form = min(errors, key=errors.__getitem__)
    return Learnt(_Targets.of(cohort).fitted(form, origin), form, errors[form])


def moments_to_nearest(embeddings: Embeddings, cohort: Embeddings, *, among: bool) -> np.ndarray:
    """Return μ and σ of the cosines to the NEAREST of a cohort, float64 (n, 2).

    `among` is whether the embeddings are the cohort's own: then no photo is compared with itself.
    """
    cosines = embeddings @ cohort.T
    if among:
        np.fill_diagonal(cosines, -1)
    nearest = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:].astype(np.float64)
    return np.column_stack([nearest.mean(axis=1), nearest.std(axis=1)])


@dataclass(frozen=True)
class _Targets:
    """A cohort with what its regression has to predict, whatever the form.

    Attributes:
        cohort: float32 (n, d).
        moments: float64 (n, 2), as `moments_to_nearest`.
        centres: float32 (c, d), rounded as they are stored.
    """

    cohort: Embeddings
    moments: np.ndarray
    centres: Embeddings

    @classmethod
    def of(cls, cohort: Embeddings) -> _Targets:
        """Compute the moments and centres of a cohort."""
        centres = _centres(cohort).astype(np.float16).astype(np.float32)
        return cls(cohort, moments_to_nearest(cohort, cohort, among=True), centres)

    def fitted(self, form: Form, origin: str = "") -> ScoreNormaliser:
        """Return the normaliser of a form."""
        inputs = features(self.cohort, self.centres, form.sharpness)
        ridge = form.ridge * np.eye(inputs.shape[1])
        return ScoreNormaliser(
            centres=self.centres,
            sharpness=form.sharpness,
            weights=np.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ self.moments),
            bounds=np.stack([self.moments.min(axis=0), self.moments.max(axis=0)]),
            scale=float(self.moments[:, 1].mean()),
            origin=origin,
        )


def _errors(cohort: Embeddings) -> dict[Form, float]:
    """Return the error of each form on held-out photos, as in `Learnt`."""
    squares: dict[Form, list[np.ndarray]] = {form: [] for form in FORMS}
    for learning, held_out in tqdm(_folds(len(cohort)), "normaliser", FOLDS, unit="fold"):
        targets = _Targets.of(cohort[learning])
        expected = moments_to_nearest(cohort[held_out], cohort[learning], among=False)
        # The cosine of a typical impostor at a strict threshold: three deviations above the mean.
        strict = expected[:, 0] + 3 * expected[:, 1]
        for form in FORMS:
            found = targets.fitted(form).moments(cohort[held_out])
            squares[form].append(((strict - found[:, 0]) / found[:, 1] - 3) ** 2)
    return {form: float(np.sqrt(np.concatenate(each).mean())) for form, each in squares.items()}


def _folds(photos: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    fold = np.random.default_rng(SEED).permutation(photos) % FOLDS
    for number in range(FOLDS):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _centres(cohort: Embeddings) -> Embeddings:
    """Return CENTRES means of PEOPLE_A_CENTRE photos, each around a photo drawn at random."""
    seeds = np.random.default_rng(SEED).permutation(len(cohort))[:CENTRES]
    nearest = np.argsort(-(cohort[seeds] @ cohort.T), axis=1)[:, :PEOPLE_A_CENTRE]
    means = cohort[nearest].mean(axis=1)
    unit: Embeddings = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit
