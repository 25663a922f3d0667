"""Distillation: a student learns the embeddings of its teacher.

Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015; for embeddings, the
regression form of Romero et al., "FitNets", 2015. Distillation needs no identities.
"""

from __future__ import annotations

import keras
from keras import ops


def distillation(student: keras.KerasTensor, teacher: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean squared distance, 0 to 4, of embeddings (n, d) of unit length by row."""
    return ops.mean(ops.sum(ops.square(student - teacher), axis=-1))
