"""Leaving out people and pictures that would make figures look better than they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.artifacts import Artifact
from ml.lab.datasets.folders import scan_people
from ml.lab.datasets.landmarks import locate_faces
from ml.lab.datasets.overlap import near_copies, near_people, strays, templates
from ml.lab.datasets.sources import FolderSource
from ml.lab.datasets.splits import Splits
from ml.lab.training.config import DataConfig
from ml.lab.training.embedding import embed_source


@dataclass(frozen=True, eq=False)
class Judged:
    """Labelled pictures with the judge's embeddings: labels (n,), names, embeddings (n, d)."""

    labels: np.ndarray
    people: tuple[str, ...]
    embeddings: np.ndarray


def people_elsewhere(
    judged: Judged, data: DataConfig, judge: Artifact, cache: Path
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Find our people who are near a person in one of the folders `data.drop_near`.

    Returns:
        Their numbers, and for the report who is near whom and how near.
    """
    found: list[dict[str, Any]] = []
    numbers: set[int] = set()
    ours = templates(judged.embeddings, judged.labels)
    for name in data.drop_near:
        folder = Path(name)
        located = locate_faces(scan_people(folder, fewest_pictures=1), cache, f"finding {name}")
        source = FolderSource(located, cache, name)
        theirs = source.chips(judge.config.preprocessing)
        embeddings = embed_source(judge, source, cache, f"embedding {name}")
        near = near_people(ours, templates(embeddings, theirs.labels), data.near_person)
        numbers |= {one.person for one in near}
        found += [
            {
                "person": judged.people[one.person],
                "near": f"{name}/{theirs.people[one.other]}",
                "similarity": round(one.similarity, 4),
            }
            for one in near
        ]
    return np.array(sorted(numbers), np.int64), found


def without_overlap(
    judged: Judged, splits: Splits, data: DataConfig
) -> tuple[Splits, dict[str, Any]]:
    """Take what is near held-out people out of training, and what is near test out of validation.

    Returns:
        The splits without near people, near copies and, in training, strays; and the report.
    """
    held_out = np.concatenate([splits.validation, splits.test])
    train, train_report = _apart(judged, splits.train, held_out, data)
    validation, validation_report = _apart(judged, splits.validation, splits.test, data)
    mislabelled = _strays(judged, train, data.stray)
    report = {
        "training_near_held_out": train_report,
        "validation_near_test": validation_report,
        "strays": len(mislabelled),
    }
    return Splits(np.setdiff1d(train, mislabelled), validation, splits.test), report


def _apart(
    judged: Judged, ours: np.ndarray, others: np.ndarray, data: DataConfig
) -> tuple[np.ndarray, dict[str, Any]]:
    """Rows of `ours` that show nobody and nothing in the rows `others`."""
    if not len(others):
        return ours, {"people": [], "copies": 0}
    people, other_people = np.unique(judged.labels[ours]), np.unique(judged.labels[others])
    near = near_people(
        _templates(judged, ours, people),
        _templates(judged, others, other_people),
        data.near_person,
    )
    ours = ours[~np.isin(judged.labels[ours], people[[one.person for one in near]])]
    copies = near_copies(judged.embeddings[ours], judged.embeddings[others], data.near_copy)
    names = [
        {
            "person": judged.people[people[one.person]],
            "near": judged.people[other_people[one.other]],
            "similarity": round(one.similarity, 4),
        }
        for one in near
    ]
    return np.delete(ours, copies), {"people": names, "copies": len(copies)}


def _strays(judged: Judged, rows: np.ndarray, least_similarity: float) -> np.ndarray:
    numbered = np.unique(judged.labels[rows], return_inverse=True)[1]
    return rows[strays(judged.embeddings[rows], numbered, least_similarity)]


def _templates(judged: Judged, rows: np.ndarray, people: Sequence[int] | np.ndarray) -> np.ndarray:
    return templates(judged.embeddings[rows], np.searchsorted(people, judged.labels[rows]))
