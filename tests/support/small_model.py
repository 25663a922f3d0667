"""A second model, trained in seconds, for tests of a change of models."""

from __future__ import annotations

import shutil
from pathlib import Path

import tomli_w

import ml

TINY = "tiny"
# koch at another size, grey and equalised: its input differs from the shipped model's.
EXPERIMENT = {
    "name": TINY,
    "artifact": {"title": "koch on drawn faces", "terms": "research", "licence": "a test"},
    "preprocessing": {
        "image_size": 66,
        "template": "arcface",
        "equalise": "global",
        "colour": "grey",
    },
    "network": {"backbone": "koch", "embedding_size": 16},
    "data": {"drawn": {"people": 16, "views": 7}, "validation_share": 0.25, "test_share": 0.25},
    "batch": {"people": 2, "pictures": 2},
    "run": {"steps": 4, "validate_every": 2},
}


def trained_beside_the_shipped(home: Path) -> Path:
    """Train the small model; return a folder of artifacts with it and the shipped model."""
    from ml.lab.training.train import main as train  # slow to import

    folder = home / "artifacts"
    shutil.copytree(ml.ARTIFACTS / ml.DEFAULT_MODEL, folder / ml.DEFAULT_MODEL)
    config = home / "tiny.toml"
    config.write_text(tomli_w.dumps(EXPERIMENT))
    places = [f"--{place}={home / place}" for place in ("runs", "cache", "artifacts")]
    assert train([f"--config={config}", *places]) == 0
    return folder
