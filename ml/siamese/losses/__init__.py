"""Losses by name: what training pushes down, over a batch of embeddings and their people.

A loss is a Keras layer that is called with embeddings of unit length, float32 (n, d), and labels,
int (n,), and returns one number. Every pair or triplet that the batch holds counts, so a batch
should show several pictures of each of several people. Weights of its own, if any, are trained
with the backbone and left out of the artifact.

A loss of your own is one file with such a layer, and one line here.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# Classes are named, not imported, so that checking a configuration does not load TensorFlow.
CLASSES = {
    "contrastive": "ml.siamese.losses.contrastive:Contrastive",
    "triplet": "ml.siamese.losses.triplet:Triplet",
    "koch_bce": "ml.siamese.losses.koch_bce:KochCrossEntropy",
    "supervised_contrastive": "ml.siamese.losses.supervised_contrastive:SupervisedContrastive",
    "arcface": "ml.siamese.losses.arcface:ArcFace",
}


class UnknownLoss(ValueError):
    """No loss of that name, or no option of that name; the text lists those there are."""


def require_loss(name: str) -> None:
    """Check a loss's name without loading it.

    Raises:
        UnknownLoss: if the name is not registered.
    """
    if name not in CLASSES:
        raise UnknownLoss(f"unknown loss {name!r}; known are {', '.join(sorted(CLASSES))}")


def build_loss(name: str, *, people: int, options: dict[str, Any]) -> keras.Layer:
    """Make the loss `name`.

    Args:
        name: one of `CLASSES`.
        people: how many people the labels 0, 1, … tell apart, for losses with a centre a person.
        options: the loss's own settings; those left out keep their defaults.

    Raises:
        UnknownLoss: if the name or an option is not known.
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
