"""Momentum of batch normalisation for short trainings.

keras.applications averages statistics over a hundred to a thousand batches, starting from a
variance of one. After some hundred batches they would still describe the untrained network. The
network would be accurate in training and useless in inference.
"""

from __future__ import annotations

import keras

MOMENTUM = 0.9


def set_momentum(network: keras.Model) -> None:
    """Make every batch normalisation of a network average over about ten batches."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
