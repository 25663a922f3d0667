"""Embeddings of some people laid out in the plane, neighbours near each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.manifold import TSNE

from ml.lab.evaluation.embed import Embedded

PEOPLE = 12
PHOTOS_EACH = 20
# t-SNE says nothing about fewer photos.
FEWEST_PHOTOS = 12
# The usual perplexity, as far as there are photos.
PERPLEXITY = 15.0
SEED = 20


@dataclass(frozen=True)
class EmbeddingMap:
    """Places in the plane, float32 (n, 2), and the person of each, int (n,), index into `names`."""

    places: np.ndarray
    person: np.ndarray
    names: tuple[str, ...]


def embedding_map(embedded: Embedded, *, mirrored: bool) -> EmbeddingMap | None:
    """Lay out the people with the most photos by t-SNE; None where there are too few photos.

    Van der Maaten, Hinton, "Visualizing data using t-SNE", 2008. Distances between far groups mean
    nothing; which photos lie among another person's does.
    """
    person = embedded.photos.person
    photos = np.bincount(person[embedded.usable], minlength=len(embedded.photos.names))
    chosen = np.argsort(-photos, kind="stable")[:PEOPLE]
    rows = np.concatenate(
        [np.flatnonzero(embedded.usable & (person == one))[:PHOTOS_EACH] for one in chosen]
    )
    if len(rows) < FEWEST_PHOTOS:
        return None
    layout = TSNE(
        perplexity=min(PERPLEXITY, (len(rows) - 1) / 3), init="pca", random_state=SEED, n_jobs=1
    )
    places = layout.fit_transform(embedded.view(mirrored)[rows])
    number = {int(one): index for index, one in enumerate(chosen)}
    return EmbeddingMap(
        places,
        np.array([number[int(one)] for one in person[rows]]),
        tuple(embedded.photos.names[one] for one in chosen),
    )
