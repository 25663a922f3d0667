"""Artifacts: find, check, describe, load and save what makes up a model.

An artifact is a folder `artifacts/<name>/`:
    config.toml       architecture, preprocessing, single or mirrored, terms
    model.onnx        the network as it serves, made of the weights by `ml.lab.convert.onnx`
    check.json        its digest, and two fixed chips with embeddings (`ml.fixed_chips`)
    weights.npz       the backbone's weights in the order of its layers; matrices as float16;
                      a model that came as an ONNX file (`ml.lab.convert.imported`) has none
    calibration.json  what similarities mean (`ml.calibration.calibration`)
    metrics.json      measured figures
    MODEL_CARD.md     for people

No number that belongs to a model stands anywhere else. A model's id is its name and a fingerprint
of everything that decides an embedding, so that embeddings of an artifact that was replaced in
place are never compared with those of its predecessor.
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
# The backbone of a model that came as an ONNX file: there is no Keras network of it to train.
IMPORTED = "onnx"
# The section of the metrics that tells how a network was trained here.
TRAINING = "training"
FINGERPRINT_DIGITS = 8
DEFAULT_MODEL = "open"
RESTORE = "Restore the file from the release, or from the folder it was installed from."

Terms = Literal["open", "research"]


@dataclass(frozen=True)
class NetworkConfig:
    """Which backbone, and how many numbers it puts in an embedding."""

    backbone: str
    embedding_size: int


@dataclass(frozen=True)
class ArtifactConfig:
    """What `config.toml` holds.

    `terms` is "open" where weights and training data allow any use, "research" where they don't;
    `licence` says it in words. `mirrored` says whether embeddings are averaged with the mirror's.
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
    """A model as pages and commands show it."""

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
        """Whether it came as an ONNX file, without weights to train."""
        return self.config.network.backbone == IMPORTED

    @property
    def description(self) -> ModelDescription:
        """Name, terms and figures of the model."""
        return describe(self)

    def metrics(self) -> dict[str, Any]:
        """The measured figures, empty where nothing was measured yet."""
        path = self.folder / METRICS
        return json.loads(path.read_text()) if path.exists() else {}


def installed(folder: Path = ARTIFACTS) -> list[str]:
    """Names of the artifacts in `folder`, sorted."""
    return sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}"))


def load_known(name: str, folder: Path) -> Artifact:
    """Find the artifact `name` in `folder`, or among those that ship.

    Raises:
        ModelNotFound, ModelBroken: as `load_artifact`.
    """
    return load_artifact(name, folder if name in installed(folder) else ARTIFACTS)


def load_artifact(name: str, folder: Path = ARTIFACTS) -> Artifact:
    """Find and check the artifact `name`; weights are read later, by `Artifact.backbone`.

    Raises:
        ModelNotFound: if there is none of that name; the text lists those there are.
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

    Matrices are rounded to float16, which halves the file; vectors (biases, statistics of
    normalisation) stay float32, whose range some of them need. Calibration and metrics that are
    there stay, the calibration to be refused at loading if it belongs to other weights; what
    was said of a training goes, since it is not known here who trained these.
    """
    home = folder / config.name
    weights = {
        f"{number:04d}": value.astype(np.float16 if value.ndim > 1 else np.float32)
        for number, value in enumerate(backbone.get_weights())
    }
    with replacing(home / WEIGHTS) as beside:
        np.savez(beside, **weights)
    write_atomically(home / CONFIG, tomli_w.dumps(asdict(config)))
    _forget_training(home / METRICS)
    return home


def update_metrics(artifact: Artifact, **sections: Any) -> None:
    """Replace the named sections of an artifact's `metrics.json`, leaving the others."""
    metrics = artifact.metrics() | sections | {"model_id": artifact.model_id}
    _write_metrics(artifact.folder / METRICS, metrics)


def _forget_training(path: Path) -> None:
    if path.exists():
        metrics = json.loads(path.read_text())
        metrics.pop(TRAINING, None)
        _write_metrics(path, metrics)


def _write_metrics(path: Path, metrics: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(metrics, indent=2) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write a text so that a reader sees the old one or the new one, whole."""
    with replacing(path) as beside:
        beside.write_text(text)


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
