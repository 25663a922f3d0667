"""Artifacts: find, check, describe, load and save the files of a model.

An artifact is a folder `artifacts/<name>/`:
    config.toml       architecture, preprocessing, flip augmentation, licence terms
    model.onnx        the served network, converted from the weights by `ml.lab.convert.onnx`
    check.json        its digest, and two fixed chips with embeddings (`ml.fixed_chips`)
    weights.npz       the backbone's weights in the order of its layers; matrices as float16;
                      missing in a model imported as ONNX (`ml.lab.convert.imported`)
    calibration.json  error rates, score map, thresholds (`ml.calibration.calibration`)
    metrics.json      measured figures
    MODEL_CARD.md     description for readers

All numbers of a model are in its folder. A model's id is its name and a fingerprint of everything
that decides an embedding. So embeddings of an artifact that was replaced in place are never
compared with those of its predecessor.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import tomli_w

from ml.errors import ModelBroken, ModelNotFound, reason_of
from ml.faces.preprocess import Preprocessing
from ml.runtime.files import replacing

if TYPE_CHECKING:
    import keras

ARTIFACTS = Path(__file__).parent / "artifacts"
CONFIG, WEIGHTS, METRICS = "config.toml", "weights.npz", "metrics.json"
NETWORK = "model.onnx"
# Backbone of a model imported as ONNX, which has no Keras network to train.
IMPORTED = "onnx"
# Section of the metrics about a training run of this project.
TRAINING = "training"
FINGERPRINT_DIGITS = 8
DEFAULT_MODEL = "open"
RESTORE = "Restore the file from the release, or from the folder it was installed from."

Terms = Literal["open", "research"]


@dataclass(frozen=True)
class NetworkConfig:
    """Name of the backbone, and number of components of its embeddings."""

    backbone: str
    embedding_size: int


@dataclass(frozen=True)
class ArtifactConfig:
    """Content of `config.toml`.

    Attributes:
        name: name of the artifact, and of its folder.
        title: name on pages.
        terms: "open" if weights and training data allow any use, else "research".
        licence: the terms in words.
        mirrored: whether serving applies flip augmentation.
        network: architecture.
        preprocessing: input of the network.
    """

    name: str
    title: str
    terms: Terms
    licence: str
    mirrored: bool
    network: NetworkConfig
    preprocessing: Preprocessing


@dataclass(frozen=True)
class ModelDescription:
    """Description of a model for pages and commands."""

    name: str
    model_id: str
    title: str
    terms: Terms
    licence: str
    embedding_size: int
    mirrored: bool
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Artifact:
    """An artifact's folder and its checked configuration."""

    folder: Path
    config: ArtifactConfig
    model_id: str

    @property
    def is_imported(self) -> bool:
        """Whether the model was imported as an ONNX file, without weights to train."""
        return self.config.network.backbone == IMPORTED

    @property
    def description(self) -> ModelDescription:
        """Name, licence terms and measured figures of the model."""
        return describe(self)

    def metrics(self) -> dict[str, Any]:
        """Return the measured figures; empty before the first measurement."""
        path = self.folder / METRICS
        return json.loads(path.read_text()) if path.exists() else {}


def installed(folder: Path = ARTIFACTS) -> list[str]:
    """Return the names of the artifacts in `folder`, sorted."""
    return sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}"))


def load_known(name: str, folder: Path) -> Artifact:
    """Load the artifact `name` from `folder`, or from the shipped ones.

    Raises:
        ModelNotFound, ModelBroken: under the conditions of `load_artifact`.
    """
    return load_artifact(name, folder if name in installed(folder) else ARTIFACTS)


def load_artifact(name: str, folder: Path = ARTIFACTS) -> Artifact:
    """Find the artifact `name` and check its configuration; the network is loaded later.

    Raises:
        ModelNotFound: if no artifact has that name; the text lists the installed ones.
        ModelBroken: if its configuration or its weights are missing or unreadable.
    """
    home = folder / name
    if name not in installed(folder):
        known = ", ".join(installed(folder)) or "none"
        raise ModelNotFound(f"no model {name!r}; installed: {known}")
    try:
        config = _config_from(tomllib.loads((home / CONFIG).read_text()))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelBroken(
            f"{name}/{CONFIG} cannot be read: {reason_of(error)}. {RESTORE}"
        ) from error
    weights = NETWORK if config.network.backbone == IMPORTED else WEIGHTS
    try:
        fingerprint = _fingerprint(config, home / weights)
    except FileNotFoundError as error:
        raise ModelBroken(f"{name}/{weights} is missing. {RESTORE}") from error
    except OSError as error:
        raise ModelBroken(
            f"{name}/{weights} cannot be read: {reason_of(error)}. {RESTORE}"
        ) from error
    return Artifact(home, config, f"{name}-{fingerprint}")


def describe_models(folder: Path = ARTIFACTS) -> list[ModelDescription]:
    """Describe every installed artifact."""
    return [describe(load_artifact(name, folder)) for name in installed(folder)]


def describe(artifact: Artifact) -> ModelDescription:
    """Describe one artifact."""
    config = artifact.config
    return ModelDescription(
        name=config.name,
        model_id=artifact.model_id,
        title=config.title,
        terms=config.terms,
        licence=config.licence,
        embedding_size=config.network.embedding_size,
        mirrored=config.mirrored,
        metrics=artifact.metrics(),
    )


def save_artifact(folder: Path, config: ArtifactConfig, backbone: keras.Model) -> Path:
    """Write configuration and weights of a model to `folder/<name>/`, each file atomically.

    Matrices are rounded to float16, which halves the file. Vectors (biases, normalisation
    statistics) remain float32, because some need its range. Existing calibration and metrics
    remain; loading rejects a calibration of other weights. Figures of a training run are deleted,
    because they describe other weights.
    """
    home = folder / config.name
    weights = {
        f"{number:04d}": value.astype(np.float16 if value.ndim > 1 else np.float32)
        for number, value in enumerate(backbone.get_weights())
    }
    with replacing(home / WEIGHTS) as temporary:
        np.savez(temporary, **weights)
    write_atomically(home / CONFIG, tomli_w.dumps(asdict(config)))
    _delete_training_figures(home / METRICS)
    return home


def update_metrics(artifact: Artifact, **sections: Any) -> None:
    """Replace the named sections of an artifact's `metrics.json`; other sections do not change."""
    metrics = artifact.metrics() | sections | {"model_id": artifact.model_id}
    _write_metrics(artifact.folder / METRICS, metrics)


def _delete_training_figures(path: Path) -> None:
    if path.exists():
        metrics = json.loads(path.read_text())
        metrics.pop(TRAINING, None)
        _write_metrics(path, metrics)


def _write_metrics(path: Path, metrics: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(metrics, indent=2) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Replace a text file atomically: readers see the old text or the new one."""
    with replacing(path) as temporary:
        temporary.write_text(text)


def _config_from(table: dict[str, Any]) -> ArtifactConfig:
    unknown = set(table) - {field.name for field in fields(ArtifactConfig)}
    if unknown:
        raise ValueError(f"unknown keys {', '.join(sorted(unknown))}")
    return ArtifactConfig(
        **table
        | {
            "network": NetworkConfig(**table["network"]),
            "preprocessing": Preprocessing(**table["preprocessing"]),
        }
    )


def _fingerprint(config: ArtifactConfig, weights: Path) -> str:
    decisive = {
        "network": asdict(config.network),
        "preprocessing": asdict(config.preprocessing),
        "mirrored": config.mirrored,
    }
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode())
    digest.update(weights.read_bytes())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]
