"""Feeding a training loop: batches of chips made while the network works on the one before."""

from __future__ import annotations

import cv2
import numpy as np
import tensorflow as tf

from ml.lab.datasets.chips import Chips
from ml.lab.training.batches.augmentation import Augmenter
from ml.lab.training.batches.samplers import Sampler

# Batches made side by side, and kept ready.
MAKERS, READY = 2, 4


def batches(
    chips: Chips, sampler: Sampler, augmenter: Augmenter, *, seed: int, first: int, end: int
) -> tf.data.Dataset:
    """Batches of the steps `first` to `end` - 1, in order.

    A batch depends on seed and step alone: not on threads, nor on where a run began.

    Args:
        chips: to take from.
        sampler: says which rows make the batch of a step.
        augmenter: turns a wide chip into what the network sees.
        seed: of the augmentation.
        first: step of the first batch.
        end: step after the last one.

    Returns:
        A data set of (chips uint8 (batch, size, size, channels), labels int32 (batch,),
        rows int64 (batch,)).
    """
    size, channels = chips.preprocessing.image_size, chips.preprocessing.channels
    # One thread a call: the makers are what fills the cores.
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
