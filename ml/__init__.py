"""Detect faces in pictures, align them, embed them with a Siamese network and compare them.

This module is the façade: the web app imports `ml` alone, never a module below it. Importing it
loads neither TensorFlow nor ONNX Runtime, because their threads do not survive gunicorn's fork.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ml.artifacts import (
    ARTIFACTS,
    DEFAULT_MODEL,
    Artifact,
    ModelDescription,
    describe_models,
    installed,
    load_artifact,
)
from ml.calibration.calibration import Calibration
from ml.calibration.curves import Curve, Histogram
from ml.calibration.file import load_calibration
from ml.error_rates import (
    Trials,
    bootstrap_interval,
    share_interval,
    threshold_at_far,
    upper_bound_without_errors,
)
from ml.errors import (
    ArtifactError,
    FaceError,
    ModelBroken,
    ModelNotFound,
    NoFace,
    TooDark,
    TwoFaces,
)
from ml.faces.types import COVERED, LANDMARK_NAMES, DetectedFace, Inspection, Quality
from ml.liveness import (
    STEPS,
    STRENGTHS,
    Challenge,
    Observation,
    Progress,
    Step,
    Verdict,
    draw_challenge,
    judge,
    progress,
)
from ml.matching import DEFAULT_RULE, Anchors, match_rules, person_similarities
from ml.normalisation import Normalised, Normaliser
from ml.results import Comparison, Face
from ml.runtime.cores import usable_cores
from ml.runtime.providers import PROVIDERS, Provider

if TYPE_CHECKING:
    from ml.engine import Engine as Engine

__all__ = [
    "ARTIFACTS",
    "COVERED",
    "DEFAULT_MODEL",
    "DEFAULT_RULE",
    "LANDMARK_NAMES",
    "PROVIDERS",
    "STEPS",
    "STRENGTHS",
    "Anchors",
    "Artifact",
    "ArtifactError",
    "Calibration",
    "Challenge",
    "Comparison",
    "Curve",
    "DetectedFace",
    "Face",
    "FaceError",
    "Histogram",
    "Inspection",
    "ModelBroken",
    "ModelDescription",
    "ModelNotFound",
    "NoFace",
    "Normalised",
    "Normaliser",
    "Observation",
    "Progress",
    "Provider",
    "Quality",
    "Step",
    "TooDark",
    "Trials",
    "TwoFaces",
    "Verdict",
    "bootstrap_interval",
    "check_files",
    "check_model",
    "describe_models",
    "draw_challenge",
    "installed",
    "judge",
    "load_artifact",
    "load_calibration",
    "load_engine",
    "match_rules",
    "person_similarities",
    "progress",
    "share_interval",
    "threshold_at_far",
    "upper_bound_without_errors",
    "usable_cores",
]

# Modules in `renamed/` answer `python -m ml.NAME` of earlier releases with the new spelling.
__path__.append(str(Path(__file__).parent / "renamed"))


def check_files(artifact: Artifact) -> None:
    """Check the digests of the served files without running them; takes 20 milliseconds.

    Raises:
        ModelBroken: under the conditions of `check_model`.
    """
    from ml.fixed_chips import read_network

    read_network(artifact)
    load_calibration(artifact.folder, artifact.model_id)


def check_model(artifact: Artifact) -> None:
    """Check that a network still computes its embeddings of the fixed chips; takes 0.5 seconds.

    Raises:
        ModelBroken: if a file is missing, damaged or of another model; the text names the remedy.
    """
    from ml.fixed_chips import load_network

    load_network(artifact)


def load_engine(
    name: str = DEFAULT_MODEL, folder: Path = ARTIFACTS, provider: Provider = "cpu"
) -> Engine:
    """Load a model by name, checked by digest and by its fixed chips.

    Loading takes about a second, so load each model once a process.

    Args:
        name: name of the artifact.
        folder: folder that holds the artifacts.
        provider: computes the embeddings. The detector's networks are too small to gain by an
            accelerator: the processor computes them.

    Raises:
        ModelNotFound, ModelBroken: if the model cannot be used; the text names the remedy.
        ProviderMissing: if ONNX Runtime cannot use the provider.
    """
    from ml.engine import Engine

    return Engine(load_artifact(name, folder), provider)
