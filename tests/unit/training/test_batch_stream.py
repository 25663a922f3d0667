"""Batches join labelled and unlabelled chips with their targets, wherever a run begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ml.artifacts import NetworkConfig
from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.synthetic import synthetic_chips
from ml.lab.training.batches.augmentation import Augmentation
from ml.lab.training.batches.stream import batch_stream
from ml.lab.training.config import (
    ArtifactTexts,
    BatchConfig,
    DataConfig,
    DistilConfig,
    ExperimentConfig,
    RunConfig,
    SyntheticData,
)
from ml.lab.training.prepare import Prepared, Unlabelled

pytestmark = pytest.mark.slow

PREPROCESSING = Preprocessing(24, "arcface")
STEPS = 4
PLAIN: tuple[Augmentation, ...] = ()
VARIED = (Augmentation("crop_and_shift", probability=1.0), Augmentation("light"))


def config(augmentation: tuple[Augmentation, ...], unlabelled: int) -> ExperimentConfig:
    return ExperimentConfig(
        name="x",
        artifact=ArtifactTexts("x"),
        preprocessing=PREPROCESSING,
        network=NetworkConfig("compact", 2),
        data=DataConfig(drawn=SyntheticData(people=4, views=3)),
        batch=BatchConfig(people=2, pictures=2, unlabelled=unlabelled),
        distil=DistilConfig("teacher", folder="heap"),
        run=RunConfig(steps=STEPS),
        augmentation=augmentation,
    )


def data() -> Prepared:
    """Return data whose targets are the row numbers, doubled for unlabelled chips."""
    train, heap = (synthetic_chips(4, 3, PREPROCESSING, seed) for seed in (1, 2))
    rows = np.arange(12, dtype=np.float32)[:, None].repeat(2, axis=1)
    nobody = train.only(np.empty(0, np.int64))
    return Prepared(train, nobody, nobody, rows, Unlabelled(heap, 2 * rows), {})


def batches(augmentation: tuple[Augmentation, ...], unlabelled: int, first: int) -> list[Any]:
    return [
        (batch.chips.numpy(), batch.labels.numpy(), batch.targets)
        for batch in batch_stream(config(augmentation, unlabelled), data(), first)
    ]


def test_labelled_chips_come_first_each_with_its_target() -> None:
    prepared = data()
    assert prepared.unlabelled is not None
    for chips, labels, targets in batches(PLAIN, unlabelled=3, first=0):
        assert len(chips) == len(targets) == 7
        assert len(labels) == 4
        for place, row in enumerate(targets[:4, 0].astype(int)):
            np.testing.assert_array_equal(chips[place], prepared.train.served(row))
            assert labels[place] == prepared.train.labels[row]
        for place, row in enumerate(targets[4:, 0].astype(int) // 2, start=4):
            np.testing.assert_array_equal(chips[place], prepared.unlabelled.chips.served(row))


def test_a_resumed_run_gets_the_same_batches() -> None:
    whole, rest = batches(VARIED, unlabelled=3, first=0), batches(VARIED, unlabelled=3, first=2)
    assert len(whole) == STEPS
    assert len(rest) == STEPS - 2
    for expected, batch in zip(whole[2:], rest, strict=True):
        for a, b in zip(expected, batch, strict=True):
            np.testing.assert_array_equal(a, b)
    assert (whole[0][0] != whole[1][0]).any()
