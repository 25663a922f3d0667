"""Where chips come from: the same pictures, cut for whichever model asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.chips import Chips, cut_chips
from ml.lab.datasets.landmarks import Located
from ml.lab.datasets.synthetic import drawn_chips


class Source(Protocol):
    """Pictures whose faces can be cut in any way; row i always shows the same picture."""

    @property
    def key(self) -> str:
        """Names the pictures, for caches of what is made from them."""

    def chips(self, preprocessing: Preprocessing) -> Chips:
        """Cut every face for a model."""


@dataclass(frozen=True)
class FolderSource:
    """Located faces of a folder; chips are kept below `cache_folder`."""

    located: Located
    cache_folder: Path
    label: str

    @property
    def key(self) -> str:
        """See `Source`."""
        return self.located.key

    def chips(self, preprocessing: Preprocessing) -> Chips:
        """See `Source`."""
        return cut_chips(self.located, preprocessing, self.cache_folder, f"cutting {self.label}")


@dataclass(frozen=True)
class DrawnSource:
    """Drawn people, from a seed."""

    people: int
    views: int
    seed: int

    @property
    def key(self) -> str:
        """See `Source`."""
        return f"drawn-{self.people}-{self.views}-{self.seed}"

    def chips(self, preprocessing: Preprocessing) -> Chips:
        """See `Source`."""
        return drawn_chips(self.people, self.views, preprocessing, self.seed)
