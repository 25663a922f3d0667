"""Files that their owner alone reads, and that are there whole or not at all, whatever happens.

A process may be killed, or the power go, at any moment: a key of half its length, or one that the
database uses already and the disk never got, would lock everybody's data for good.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600
OTHERS = 0o077


def is_open_to_others(path: Path) -> bool:
    """Return whether anybody but its owner may read, write or run a file."""
    return bool(path.stat().st_mode & OTHERS)


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` at the end, once the disk has it.

    If it comes to no end, `path` is as it was. Two processes must not write the same one at once;
    `exclusive_lock` its folder they do not.
    """
    fresh = path.with_name(f".{path.name}.part")
    fresh.unlink(missing_ok=True)  # of one that was killed
    try:
        with os.fdopen(new_file(fresh), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        with _opened(path.parent) as folder:
            os.fsync(folder)
    finally:
        fresh.unlink(missing_ok=True)


def new_file(path: Path) -> int:
    """The descriptor of an empty file, open for writing.

    Raises:
        FileExistsError: if there is one already.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Wait until no other process is in here for this folder, and keep the others waiting."""
    with _opened(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
