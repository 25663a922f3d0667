"""Removal of people and pictures that would bias the figures: overlap and wrong labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.arrays import Embeddings, Integers
from ml.artifacts import Artifact
from ml.lab.datasets.folders import scan_people
from ml.lab.datasets.landmarks import locate_faces
from ml.lab.datasets.overlap import near_duplicates, near_people, outliers, templates
from ml.lab.datasets.sources import FolderSource
from ml.lab.datasets.splits import Splits
from ml.lab.training.config import DataConfig
from ml.lab.training.embedding import embed_source


@dataclass(frozen=True, eq=False)
class ReferenceEmbeddings:
    """Labelled pictures with the embeddings of the reference model, `DataConfig.judge`.

    Attributes:
        labels: int (n,), index into `people`.
        people: names.
        embeddings: float32 (n, d), of unit length.
    """

    labels: Integers
    people: tuple[str, ...]
    embeddings: Embeddings


def people_in_other_sets(
    reference: ReferenceEmbeddings, data: DataConfig, model: Artifact, cache: Path
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Find our people who also appear in one of the folders `data.drop_near`.

    Returns:
        Their labels, and for the report each pair with its similarity.
    """
    found: list[dict[str, Any]] = []
    numbers: set[int] = set()
    ours = templates(reference.embeddings, reference.labels)
    for name in data.drop_near:
        folder = Path(name)
        located = locate_faces(scan_people(folder, fewest_pictures=1), cache, f"finding {name}")
        source = FolderSource(located, cache, name)
        theirs = source.chips(model.config.preprocessing)
        embeddings = embed_source(model, source, cache, f"embedding {name}")
        near = near_people(ours, templates(embeddings, theirs.labels), data.near_person)
        numbers |= {one.person for one in near}
        found += [
            {
                "person": reference.people[one.person],
                "near": f"{name}/{theirs.people[one.other]}",
                "similarity": round(one.similarity, 4),
            }
            for one in near
        ]
    return np.array(sorted(numbers), np.int64), found


def without_overlap(
    reference: ReferenceEmbeddings, splits: Splits, data: DataConfig
) -> tuple[Splits, dict[str, Any]]:
    """Remove overlap with held-out people from training, and with test people from validation.

    Returns:
        The splits without near people, near duplicates and, in training, outliers; the report.
    """
    held_out = np.concatenate([splits.validation, splits.test])
    train, train_report = _apart(reference, splits.train, held_out, data)
    validation, validation_report = _apart(reference, splits.validation, splits.test, data)
    mislabelled = _outliers(reference, train, data.stray)
    report = {
        "training_near_held_out": train_report,
        "validation_near_test": validation_report,
        "strays": len(mislabelled),
    }
    return Splits(np.setdiff1d(train, mislabelled), validation, splits.test), report


def _apart(
    reference: ReferenceEmbeddings, ours: np.ndarray, others: np.ndarray, data: DataConfig
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the rows of `ours` without people and pictures of the rows `others`."""
    if not len(others):
        return ours, {"people": [], "copies": 0}
    people = np.unique(reference.labels[ours])
    other_people = np.unique(reference.labels[others])
    near = near_people(
        _templates(reference, ours, people),
        _templates(reference, others, other_people),
        data.near_person,
    )
    ours = ours[~np.isin(reference.labels[ours], people[[one.person for one in near]])]
    copies = near_duplicates(
        reference.embeddings[ours], reference.embeddings[others], data.near_copy
    )
    names = [
        {
            "person": reference.people[people[one.person]],
            "near": reference.people[other_people[one.other]],
            "similarity": round(one.similarity, 4),
        }
        for one in near
    ]
    return np.delete(ours, copies), {"people": names, "copies": len(copies)}


def _outliers(
    reference: ReferenceEmbeddings, rows: Integers, least_similarity: float
) -> np.ndarray:
    renumbered = np.unique(reference.labels[rows], return_inverse=True)[1]
    found: np.ndarray = rows[outliers(reference.embeddings[rows], renumbered, least_similarity)]
    return found


def _templates(
    reference: ReferenceEmbeddings, rows: Integers, people: Sequence[int] | np.ndarray
) -> np.ndarray:
    return templates(reference.embeddings[rows], np.searchsorted(people, reference.labels[rows]))
