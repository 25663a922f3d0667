"""The scenes by name."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.walking.walker import Site

Scene = Callable[[Site], None]


SCENES: dict[str, Scene] = {}


def scene(walk: Scene) -> Scene:
    """Register a walk under a name, so that it runs in every language."""
    SCENES[walk.__name__] = walk
    return walk
