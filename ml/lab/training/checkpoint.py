"""Checkpoints: the state of a run in one file, replaced atomically."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

FACTS = "facts"


def save_checkpoint(path: Path, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    """Write arrays and facts to a temporary file, sync it to disk, and rename it.

    Args:
        path: path that ends in .npz.
        arrays: arrays by name; "facts" is reserved.
        facts: values that JSON can represent.
    """
    temporary = path.with_name(f".{path.name}")
    with temporary.open("wb") as file:
        stored: dict[str, Any] = {**arrays, FACTS: np.array(json.dumps(facts))}
        np.savez(file, **stored)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_checkpoint(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read arrays and facts of a checkpoint."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files if name != FACTS}
        return arrays, json.loads(str(stored[FACTS]))
