"""Disks that are unmounted or full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from webapp.services.backup.key_ring import KeyRing
from webapp.settings import Settings


def on_ring(settings: Settings) -> set[UUID]:
    return set(KeyRing.read(settings.key_ring_file).people)


def unmount(disk: Path) -> Callable[[], object]:
    """Unmount a disk with its files; return what mounts it again."""
    away = disk.rename(disk.with_name("away"))
    return lambda: away.rename(disk)


def fill(disk: Path) -> Callable[[], object]:
    """Make the disk of the key ring full; return what frees it."""
    part = disk / ".ring.json.part"
    part.mkdir()
    return part.rmdir


FAULTS = pytest.mark.parametrize("fault", [unmount, fill])
