"""Map of the embeddings of some people in the plane, by t-SNE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.manifold import TSNE

from ml.arrays import Integers
from ml.lab.evaluation.embed import Embedded

PEOPLE = 12
PHOTOS_EACH = 20
# A map of fewer photos is not meaningful.
FEWEST_PHOTOS = 12
# Perplexity, limited by the number of photos.
PERPLEXITY = 15.0
SEED = 20


@dataclass(frozen=True)
class EmbeddingMap:
    """Positions in the plane, float32 (n, 2), and people, int (n,), as indices into `names`."""

    places: np.ndarray
    person: Integers
    names: tuple[str, ...]


def embedding_map(embedded: Embedded, *, mirrored: bool) -> EmbeddingMap | None:
    """Lay out the people with the most photos; None if there are too few photos.

    Van der Maaten, Hinton, "Visualizing data using t-SNE", 2008. Distances between groups are not
    meaningful; photos among those of another person are.
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
    places = layout.fit_transform(embedded.embeddings(mirrored)[rows])
    number = {int(one): index for index, one in enumerate(chosen)}
    return EmbeddingMap(
        places,
        np.array([number[int(one)] for one in person[rows]]),
        tuple(embedded.photos.names[one] for one in chosen),
    )
