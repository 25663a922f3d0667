"""Batches of a run: labelled chips, then unlabelled ones, with the teacher's embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ml.arrays import Embeddings, Integers
from ml.lab.training.batches.augmentation import Augmenter
from ml.lab.training.batches.pipeline import batches
from ml.lab.training.batches.samplers import PairSampler, PeopleSampler, Sampler, ShuffledSampler
from ml.lab.training.config import BatchConfig, ExperimentConfig
from ml.lab.training.prepare import Prepared


@dataclass(frozen=True, eq=False)
class Batch:
    """Input of one step; see `ml.lab.training.trainer.Trainer.step`."""

    chips: tf.Tensor
    labels: tf.Tensor
    targets: Embeddings


def batch_stream(config: ExperimentConfig, data: Prepared, first: int) -> Iterator[Batch]:
    """Yield the batches of the steps from `first` on; each depends on step and seed alone.

    Raises:
        DatasetError: if there are too few people or pictures for a batch.
    """
    augmenter = Augmenter(config.augmentations, config.preprocessing)
    end = config.run.steps
    labelled = _labelled_sampler(config.batch, data.train.labels, config.seed)
    stream = batches(data.train, labelled, augmenter, seed=config.seed, first=first, end=end)
    if data.unlabelled is None:
        for chips, labels, rows in stream:
            yield Batch(chips, labels, data.targets[rows.numpy()])
        return
    # Another seed, so that both halves of a batch have independent augmentations.
    seed = config.seed + 1
    others = data.unlabelled
    sampler = ShuffledSampler(len(others.chips), config.batch.unlabelled, seed)
    further = batches(others.chips, sampler, augmenter, seed=seed, first=first, end=end)
    for (chips, labels, rows), (more, _, more_rows) in zip(stream, further, strict=True):
        targets = np.concatenate([data.targets[rows.numpy()], others.targets[more_rows.numpy()]])
        yield Batch(tf.concat([chips, more], axis=0), labels, targets)


def _labelled_sampler(batch: BatchConfig, labels: Integers, seed: int) -> Sampler:
    if batch.sampler == "pairs":
        return PairSampler(labels, batch.people * batch.pictures // 2, seed)
    return PeopleSampler(labels, batch.people, batch.pictures, seed)
