"""Registry of losses over a batch of embeddings and their labels.

A loss is a Keras layer. It takes embeddings of unit length, float32 (n, d), and labels, int (n,),
and returns a scalar. Every pair or triplet of the batch counts, so a batch should contain several
pictures of each of several people. Trainable weights of a loss are trained with the backbone and
are not part of the artifact.

To add a loss, write a module with such a layer and register it in `CLASSES`.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# Class names instead of imports, so that checking a configuration does not load TensorFlow.
CLASSES = {
    "contrastive": "ml.siamese.losses.contrastive:Contrastive",
    "triplet": "ml.siamese.losses.triplet:Triplet",
    "koch_bce": "ml.siamese.losses.koch_bce:KochCrossEntropy",
    "supervised_contrastive": "ml.siamese.losses.supervised_contrastive:SupervisedContrastive",
    "arcface": "ml.siamese.losses.arcface:ArcFace",
}


class UnknownLoss(ValueError):
    """The loss or its option does not exist; the text lists those that do."""


def require_loss(name: str) -> None:
    """Check the name of a loss without loading it.

    Raises:
        UnknownLoss: if the name is not registered.
    """
    if name not in CLASSES:
        raise UnknownLoss(f"unknown loss {name!r}; known are {', '.join(sorted(CLASSES))}")


def build_loss(name: str, *, people: int, options: dict[str, Any]) -> keras.Layer:
    """Build the loss `name`.

    Args:
        name: one of `CLASSES`.
        people: number of people with labels 0, 1, …, for losses with a centre a person.
        options: settings of the loss; missing ones keep their defaults.

    Raises:
        UnknownLoss: if the name or an option does not exist.
    """
    require_loss(name)
    module, attribute = CLASSES[name].split(":")
    loss = getattr(import_module(module), attribute)
    parameters = set(inspect.signature(loss).parameters)
    known = parameters - {"people"}
    unknown = set(options) - known
    if unknown:
        raise UnknownLoss(
            f"unknown option {', '.join(sorted(unknown))} of the loss {name!r}; "
            f"known are {', '.join(sorted(known))}"
        )
    return loss(**options, **({"people": people} if "people" in parameters else {}))
