"""One compiled training step: forward pass, losses, backward pass, running average of weights."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from ml.arrays import Embeddings
from ml.lab.training.config import ExperimentConfig, OptimiserConfig
from ml.siamese.backbones import build_backbone
from ml.siamese.losses import build_loss
from ml.siamese.losses.distillation import distillation
from ml.siamese.twin import embedding_network

# The average adapts faster at first: its decay at step t is at most (1 + t) / (10 + t).
AVERAGE_DELAY = 10.0


class Trainer:
    """Networks, losses and optimiser of a run.

    Attributes:
        backbone: the network in training.
        average: the same network with the running average of its weights.
        embedder: maps chips to embeddings of unit length, with the averaged weights.
    """

    def __init__(self, config: ExperimentConfig, people: int) -> None:
        """Build networks, loss and optimiser for an experiment with `people` training people."""
        self._config = config
        self.backbone = _build(config, _precision(config))
        self.average = _build(config, "float32")
        self.average.set_weights(self.backbone.get_weights())
        self.embedder = embedding_network(self.average)
        self._unit = keras.layers.UnitNormalization(axis=-1, dtype="float32")
        self._loss = build_loss(config.loss.name, people=people, options=config.loss.options)
        size = config.network.embedding_size
        self._loss(np.eye(2, size, dtype=np.float32), np.zeros(2, np.int32))
        self._trained = [*self.backbone.trainable_variables, *self._loss.trainable_variables]
        self._optimiser = _optimiser(config.optimiser, self._trained)
        self._step = tf.function(self._compiled_step)

    def start_from(self, weights: list[np.ndarray]) -> None:
        """Set the initial weights of the backbone and of the average."""
        self.backbone.set_weights(weights)
        self.average.set_weights(weights)

    def step(self, number: int, chips: tf.Tensor, labels: tf.Tensor, targets: Embeddings) -> float:
        """Train on one batch and return its loss.

        Args:
            number: number of the step, from 0.
            chips: uint8 (n, size, size, channels); labelled ones come first.
            labels: int32 (m,), m ≤ n.
            targets: the teacher's embeddings, float32 (n, d), or (n, 0) without a teacher.
        """
        self._optimiser.learning_rate.assign(
            learning_rate(self._config.optimiser, number, self._config.run.steps)
        )
        decay = min(self._config.optimiser.average, (1 + number) / (AVERAGE_DELAY + number))
        return float(self._step(chips, labels, tf.constant(targets), tf.constant(decay)))

    def state(self) -> dict[str, np.ndarray]:
        """Return all variables that change from step to step, by name."""
        return {name: np.asarray(variable) for name, variable in self._variables().items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Restore the variables of `state`."""
        for name, variable in self._variables().items():
            variable.assign(state[name])

    def _variables(self) -> dict[str, keras.Variable]:
        groups = {
            "backbone": self.backbone.variables,
            "average": self.average.variables,
            "loss": self._loss.variables,
            "optimiser": self._optimiser.variables,
        }
        return {
            f"{group}.{number:04d}": variable
            for group, variables in groups.items()
            for number, variable in enumerate(variables)
        }

    def _compiled_step(
        self, chips: tf.Tensor, labels: tf.Tensor, targets: tf.Tensor, decay: tf.Tensor
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            raw = self.backbone(tf.cast(chips, tf.float32), training=True)
            embeddings = self._unit(tf.cast(raw, tf.float32))
            loss = self._sum_of_losses(embeddings, labels, targets)
        gradients = tape.gradient(loss, self._trained, unconnected_gradients="zero")
        self._optimiser.apply_gradients(zip(gradients, self._trained, strict=True))
        for mean, weight in zip(self.average.variables, self.backbone.variables, strict=True):
            mean.assign(decay * mean + (1 - decay) * tf.cast(weight, mean.dtype))
        return loss

    def _sum_of_losses(
        self, embeddings: tf.Tensor, labels: tf.Tensor, targets: tf.Tensor
    ) -> tf.Tensor:
        total = tf.constant(0.0)
        if self._config.loss.weight:
            labelled = embeddings[: labels.shape[0]]
            total += self._config.loss.weight * self._loss(labelled, labels)
        if self._config.distil:
            total += self._config.distil.weight * distillation(embeddings, targets)
        return total


def learning_rate(optimiser: OptimiserConfig, step: int, steps: int) -> float:
    """Return the rate of a step: a linear warm-up, then a cosine decay to 0."""
    if step < optimiser.warm_up:
        return optimiser.rate * (step + 1) / optimiser.warm_up
    done = (step - optimiser.warm_up) / max(steps - optimiser.warm_up, 1)
    return optimiser.rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def _build(config: ExperimentConfig, precision: str) -> keras.Model:
    """Build the backbone with a compute precision; weights are always float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        return build_backbone(
            config.network.backbone,
            image_size=config.preprocessing.image_size,
            channels=config.preprocessing.channels,
            embedding_size=config.network.embedding_size,
        )
    finally:
        keras.config.set_dtype_policy(before)


def _precision(config: ExperimentConfig) -> str:
    if config.run.precision != "auto":
        return config.run.precision
    return "mixed_bfloat16" if tf.config.list_physical_devices("GPU") else "float32"


def _optimiser(config: OptimiserConfig, variables: list[keras.Variable]) -> keras.Optimizer:
    common = {"weight_decay": config.weight_decay, "global_clipnorm": config.clip}
    optimiser = (
        keras.optimizers.AdamW(config.rate, **common)
        if config.name == "adam"
        else keras.optimizers.SGD(config.rate, momentum=0.9, **common)
    )
    # Biases and normalisation scales are not matrices and do not decay.
    optimiser.exclude_from_weight_decay([v for v in variables if len(v.shape) < 2])
    optimiser.build(variables)
    return optimiser
