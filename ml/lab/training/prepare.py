"""Data of a run: faces located, overlap removed, people split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.arrays import Embeddings, Integers
from ml.artifacts import ARTIFACTS, load_known
from ml.lab.datasets.chips import Chips
from ml.lab.datasets.cleaning import ReferenceEmbeddings, people_in_other_sets, without_overlap
from ml.lab.datasets.errors import DatasetError
from ml.lab.datasets.folders import Picture, scan_people, scan_unlabelled
from ml.lab.datasets.landmarks import locate_faces
from ml.lab.datasets.sources import FolderSource, Source, SyntheticSource
from ml.lab.datasets.splits import Splits, split_people
from ml.lab.training.config import ExperimentConfig
from ml.lab.training.embedding import embed_source


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """Chips without identities, and the teacher's embeddings of them, float32 (n, d)."""

    chips: Chips
    targets: Embeddings


@dataclass(frozen=True, eq=False)
class Prepared:
    """The data of a run.

    Attributes:
        train, validation, test: chips of labelled people; no person is in two of them.
        targets: the teacher's embeddings of the training chips, float32 (n, d); (n, 0) without a
            teacher.
        unlabelled: further chips for distillation, if any.
        report: what was found and left out, and why, as JSON.
    """

    train: Chips
    validation: Chips
    test: Chips
    targets: Embeddings
    unlabelled: Unlabelled | None
    report: dict[str, Any]


def prepare(config: ExperimentConfig, cache: Path, artifacts: Path = ARTIFACTS) -> Prepared:
    """Prepare the data of an experiment; caches make it fast the second time.

    Args:
        config: the experiment.
        cache: folder of cached landmarks, chips and embeddings.
        artifacts: folder of installed models, with the reference model and the teacher.

    Raises:
        DatasetError: if a folder cannot be used, or too few people are left.
        ModelNotFound, ModelBroken: if the reference model or the teacher cannot be used.
    """
    source, report = _labelled(config, cache)
    chips = source.chips(config.preprocessing)
    splits = _split(config, source, chips, cache, artifacts, report)
    report["used"] = {
        "training": _size(chips, splits.train),
        "validation": _size(chips, splits.validation),
        "test": _size(chips, splits.test),
    }
    targets = _targets(config, source, len(chips), cache, artifacts)
    return Prepared(
        train=chips.only(splits.train),
        validation=chips.only(splits.validation),
        test=chips.only(splits.test),
        targets=targets[splits.train],
        unlabelled=_unlabelled(config, cache, artifacts, report),
        report=report,
    )


def _labelled(config: ExperimentConfig, cache: Path) -> tuple[Source, dict[str, Any]]:
    if drawn := config.data.drawn:
        return SyntheticSource(drawn.people, drawn.views, config.seed), {}
    return _folder_source(scan_people(Path(config.data.folder)), config.data.folder, cache)


def _folder_source(
    pictures: list[Picture], folder: str, cache: Path
) -> tuple[FolderSource, dict[str, Any]]:
    located = locate_faces(pictures, cache, f"finding faces in {folder}")
    report = {
        "folder": folder,
        "pictures": len(pictures),
        "skipped": located.reasons(),
        "skipped_files": [[str(picture.path), reason] for picture, reason in located.skipped],
    }
    if not located.pictures:
        raise DatasetError(
            f"{folder}: none of {len(pictures)} pictures is usable: {report['skipped']}"
        )
    return FolderSource(located, cache, folder), report


def _split(
    config: ExperimentConfig,
    source: Source,
    chips: Chips,
    cache: Path,
    artifacts: Path,
    report: dict[str, Any],
) -> Splits:
    data = config.data
    checks_overlap = bool(data.judge) and not data.drawn
    rows = np.arange(len(chips))
    if checks_overlap:
        model = load_known(data.judge, artifacts)
        embeddings = embed_source(model, source, cache, f"embedding with {data.judge}")
        reference = ReferenceEmbeddings(chips.labels, chips.people, embeddings)
        elsewhere, report["near_people_elsewhere"] = people_in_other_sets(
            reference, data, model, cache
        )
        rows = np.flatnonzero(~np.isin(chips.labels, elsewhere))
    dealt = split_people(
        chips.labels[rows],
        validation_share=data.validation_share,
        test_share=data.test_share,
        seed=config.seed,
    )
    splits = Splits(rows[dealt.train], rows[dealt.validation], rows[dealt.test])
    if checks_overlap:
        splits, report["across_splits"] = without_overlap(reference, splits, data)
    return splits


def _targets(
    config: ExperimentConfig, source: Source, pictures: int, cache: Path, artifacts: Path
) -> np.ndarray:
    if config.distil is None:
        return np.empty((pictures, 0), np.float32)
    teacher = load_known(config.distil.teacher, artifacts)
    size, wanted = teacher.config.network.embedding_size, config.network.embedding_size
    if size != wanted:
        raise DatasetError(
            f"the teacher {config.distil.teacher!r} has {size} numbers in an embedding, "
            f"the student {wanted}; set network.embedding_size to {size}"
        )
    return embed_source(teacher, source, cache, f"asking {config.distil.teacher}")


def _unlabelled(
    config: ExperimentConfig, cache: Path, artifacts: Path, report: dict[str, Any]
) -> Unlabelled | None:
    if config.distil is None or not config.batch.unlabelled:
        return None
    folder = config.distil.folder
    source, report["unlabelled"] = _folder_source(scan_unlabelled(Path(folder)), folder, cache)
    chips = source.chips(config.preprocessing)
    return Unlabelled(chips, _targets(config, source, len(chips), cache, artifacts))


def _size(chips: Chips, rows: Integers) -> dict[str, int]:
    return {"people": len(np.unique(chips.labels[rows])), "pictures": len(rows)}
