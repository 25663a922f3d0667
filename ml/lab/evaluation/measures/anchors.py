"""Trials with several anchors: some photos of a person are enrolled, the others are probes.

The anchors are drawn several times, because one draw decides much. Every usable photo of another
person is an impostor probe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Integers
from ml.error_rates import Trials
from ml.matching import Anchors, person_similarities
from ml.normalisation import Normalised

# Five anchors leave one probe; people with fewer photos are not enrolled.
LEAST_PHOTOS = 6
DRAWS = 5
SEED = 20


@dataclass(frozen=True)
class Gallery:
    """One draw of anchors.

    Attributes:
        people: int (p,), the people enrolled.
        rows: int (p × k,), the photos that are anchors, person by person.
        anchors: their layout for the matching rules.
        embeddings: embeddings of the anchors, p × k rows.
    """

    people: np.ndarray
    rows: Integers
    anchors: Anchors
    embeddings: Normalised

    def similarities(self, probes: Normalised, rule: str) -> np.ndarray:
        """Return the similarity of every probe to every person, float32 (p, n)."""
        return person_similarities(self.embeddings.similarities(probes), self.anchors, rule)


def draw_gallery(
    embeddings: Normalised,
    person: Integers,
    anchors: int,
    *,
    least_photos: int,
    generator: np.random.Generator,
) -> Gallery:
    """Enrol everybody with `least_photos` or more, with `anchors` photos drawn at random.

    Args:
        embeddings: n rows, of usable photos only.
        person: int (n,), the person in each.
        anchors: number of anchors a person.
        least_photos: people with fewer photos are impostors only.
        generator: source of the draw.
    """
    counts = np.bincount(person)
    people = np.flatnonzero(counts >= max(least_photos, anchors + 1))
    rows = np.concatenate(
        [generator.permutation(np.flatnonzero(person == one))[:anchors] for one in people]
    )
    chosen = embeddings[rows]
    grouping = Anchors(np.arange(len(people)) * anchors, len(chosen))
    return Gallery(people, rows, grouping, chosen)


def verification_trials(
    gallery: Gallery, embeddings: Normalised, person: Integers, rule: str
) -> Trials:
    """Return trials of every photo that is not an anchor against every enrolled person."""
    probes = np.setdiff1d(np.arange(len(person)), gallery.rows)
    similarities = gallery.similarities(embeddings[probes], rule)
    return Trials(
        similarity=similarities.ravel(),
        probe=np.tile(person[probes], len(gallery.people)),
        anchor=np.repeat(gallery.people, len(probes)),
    )


def drawn_trials(embeddings: Normalised, person: Integers, anchors: int, rule: str) -> list[Trials]:
    """Return trials of several draws of anchors; rules and models share the draws."""
    generator = np.random.default_rng(SEED)
    draws = []
    for _ in range(DRAWS):
        gallery = draw_gallery(
            embeddings, person, anchors, least_photos=LEAST_PHOTOS, generator=generator
        )
        draws.append(verification_trials(gallery, embeddings, person, rule))
    return draws


def pair_trials(embeddings: Normalised, person: Integers, identified: int) -> Trials:
    """Compare every photo of the first `identified` people with every other photo, once.

    Further people are strangers with one photo each. They are compared with the first people but
    not with each other.
    """
    rows = np.flatnonzero(person < identified)
    similarity = embeddings[rows].similarities(embeddings)
    first, second = np.meshgrid(rows, np.arange(len(person)), indexing="ij")
    once = (second > first) | (person[second] >= identified)
    return Trials(similarity[once], person[second[once]], person[first[once]])
