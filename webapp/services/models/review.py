"""Preview of a change of the active model."""

from __future__ import annotations

from dataclasses import dataclass

import ml
from ml import ArtifactError, Calibration, ModelDescription
from webapp.errors.thresholds import Danger
from webapp.gallery.base import count_unembedded, stored_typical_anchors
from webapp.inference.active_model import active_model
from webapp.services.models.selection import find_artifact, needs_licence
from webapp.services.thresholds import verification
from webapp.services.thresholds.error_rates import Cost, Costs
from webapp.services.thresholds.verification import Threshold


@dataclass(frozen=True)
class Side:
    """A model, its threshold in force, and the error rates at that threshold."""

    model: ModelDescription
    calibration: Calibration
    threshold: Threshold
    cost: Cost


@dataclass(frozen=True)
class ModelReview:
    """The active model and the model to change to.

    Attributes:
        before: the active model; None if it has no usable calibration.
        after: the model to change to.
        anchors: number of anchors of a person that the error rates assume.
        unembedded: number of pictures that the new model has to embed first.
    """

    before: Side | None
    after: Side
    anchors: int
    unembedded: int

    @property
    def dangers(self) -> tuple[Danger, ...]:
        """Dangers of the threshold under the new model; empty if there are none."""
        return self.after.cost.dangers

    @property
    def needs_licence(self) -> bool:
        """Whether the licence of the new model requires an acknowledgement."""
        return needs_licence(self.after.model)


def review(name: str) -> ModelReview:
    """Compare an installed model with the active one.

    Raises:
        ml.ArtifactError: if the model cannot be used; the message includes the remedy.
    """
    artifact = find_artifact(name)
    anchors = stored_typical_anchors()
    calibration = ml.load_calibration(artifact.folder, artifact.model_id)
    return ModelReview(
        before=_active(anchors),
        after=_side(artifact.description, calibration, anchors),
        anchors=anchors,
        unembedded=count_unembedded(artifact.model_id),
    )


def _active(anchors: int) -> Side | None:
    try:
        engine = active_model().engine
        return _side(engine.description, engine.calibration, anchors)
    except ArtifactError:
        return None


def _side(model: ModelDescription, calibration: Calibration, anchors: int) -> Side:
    threshold = verification.in_force_of(calibration)
    costs = Costs(calibration, calibration.curve(threshold.rule, anchors))
    return Side(model, calibration, threshold, costs.at(threshold.score))
