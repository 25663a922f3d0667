"""Sources of chips: the same pictures, cut for any model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.chips import Chips, cut_chips
from ml.lab.datasets.landmarks import Located
from ml.lab.datasets.synthetic import synthetic_chips


class Source(Protocol):
    """Pictures whose faces can be cut for any model; row i always shows the same picture."""

    @property
    def key(self) -> str:
        """Fingerprint of the pictures, for caches of derived data."""

    def chips(self, preprocessing: Preprocessing) -> Chips:
        """Cut every face for a model."""


@dataclass(frozen=True)
class FolderSource:
    """Located faces of a folder; chips are cached below `cache_folder`."""

    located: Located
    cache_folder: Path
    label: str

    @property
    def key(self) -> str:
        """Fingerprint, as `Source.key`."""
        return self.located.key

    def chips(self, preprocessing: Preprocessing) -> Chips:
        """Return chips as `Source.chips`."""
        return cut_chips(self.located, preprocessing, self.cache_folder, f"cutting {self.label}")


@dataclass(frozen=True)
class SyntheticSource:
    """Synthetic people, from a seed."""

    people: int
    views: int
    seed: int

    @property
    def key(self) -> str:
        """Fingerprint, as `Source.key`."""
        return f"drawn-{self.people}-{self.views}-{self.seed}"

    def chips(self, preprocessing: Preprocessing) -> Chips:
        """Return chips as `Source.chips`."""
        return synthetic_chips(self.people, self.views, preprocessing, self.seed)
