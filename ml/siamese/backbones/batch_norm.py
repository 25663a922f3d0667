"""Statistics of batch normalisation that a short training is enough for.

keras.applications averages them over a hundred to a thousand batches, from a variance of one
downwards. A run of some hundred batches would end with what it saw before it learnt, and the
network, good while it trains, would tell nobody apart in use.
"""

from __future__ import annotations

import keras

MOMENTUM = 0.9


def set_momentum(network: keras.Model) -> None:
    """Let every batch normalisation of a network average over its last ten batches or so."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
