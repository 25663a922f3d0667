from __future__ import annotations

from pathlib import Path

import keras
import pytest

from ml.artifacts import ArtifactConfig, NetworkConfig, load_artifact, save_artifact, update_metrics
from ml.faces.preprocess import Preprocessing

pytestmark = pytest.mark.slow

CONFIG = ArtifactConfig(
    name="small",
    title="small",
    terms="open",
    licence="none",
    mirrored=False,
    network=NetworkConfig("koch", 4),
    preprocessing=Preprocessing(image_size=32),
)


def save(folder: Path, seed: int) -> None:
    keras.utils.set_random_seed(seed)
    save_artifact(folder, CONFIG, keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)]))


def test_other_weights_are_not_recorded_as_trained(tmp_path: Path) -> None:
    save(tmp_path, seed=1)
    trained = load_artifact("small", tmp_path)
    update_metrics(trained, training={"steps": 300}, lfw_sample={"pairs": [1]})

    save(tmp_path, seed=2)

    replaced = load_artifact("small", tmp_path)
    assert replaced.model_id != trained.model_id
    assert list(replaced.metrics()) == ["lfw_sample", "model_id"]
