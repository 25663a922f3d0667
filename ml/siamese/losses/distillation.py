"""Distillation: a student places each picture where its teacher does.

Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015; for embeddings, the
regression form of Romero et al., "FitNets", 2015. It needs no identities.
"""

from __future__ import annotations

import keras
from keras import ops


def distillation(student: keras.KerasTensor, teacher: keras.KerasTensor) -> keras.KerasTensor:
    """Mean squared distance, 0 to 4, between embeddings (n, d) of unit length of one picture."""
    return ops.mean(ops.sum(ops.square(student - teacher), axis=-1))
