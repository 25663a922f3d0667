"""Pipeline of a training loop: makes batches of chips while the network computes."""

from __future__ import annotations

import cv2
import numpy as np
import tensorflow as tf

from ml.lab.datasets.chips import Chips
from ml.lab.training.batches.augmentation import Augmenter
from ml.lab.training.batches.samplers import Sampler

# Batches made in parallel, and batches kept ready.
MAKERS, READY = 2, 4


def batches(
    chips: Chips, sampler: Sampler, augmenter: Augmenter, *, seed: int, first: int, end: int
) -> tf.data.Dataset:
    """Return the batches of the steps `first` to `end` - 1, in order.

    A batch depends on seed and step alone, not on threads or on the start of the run.

    Args:
        chips: source of the batches.
        sampler: selects the rows of each step's batch.
        augmenter: maps a wide chip to the network's input.
        seed: seed of the augmentation.
        first: step of the first batch.
        end: step after the last batch.

    Returns:
        A data set of (chips uint8 (batch, size, size, channels), labels int32 (batch,),
        rows int64 (batch,)).
    """
    size, channels = chips.preprocessing.image_size, chips.preprocessing.channels
    # One thread a call: MAKERS calls run in parallel.
    cv2.setNumThreads(1)

    def make(step: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = sampler.rows(int(step))
        made = [
            augmenter(chips.wide[row], np.random.default_rng((seed, int(step), place)))
            for place, row in enumerate(rows)
        ]
        return np.stack(made), chips.labels[rows].astype(np.int32), rows.astype(np.int64)

    def shaped(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        made, labels, rows = tf.numpy_function(make, [step], (tf.uint8, tf.int32, tf.int64))
        batch = len(sampler.rows(first))
        return (
            tf.ensure_shape(made, (batch, size, size, channels)),
            tf.ensure_shape(labels, (batch,)),
            tf.ensure_shape(rows, (batch,)),
        )

    steps = tf.data.Dataset.range(first, end)
    return steps.map(shaped, num_parallel_calls=MAKERS, deterministic=True).prefetch(READY)
