"""Atomic, durable writes of files that only their owner can read.

A crash or a power failure can come at any moment. A truncated key file would make all data
unreadable for good. So would a key that the database uses and the disk never got.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PRIVATE_MODE = 0o600
GROUP_AND_OTHERS = 0o077


def is_open_to_others(path: Path) -> bool:
    """Return whether the group or others may read, write or execute a file."""
    return bool(path.stat().st_mode & GROUP_AND_OTHERS)


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` after it is synced to disk.

    If writing fails, `path` is unchanged. Two processes must not write the same path at once: hold
    the `exclusive_lock` of its folder.
    """
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)  # left by a killed process
    try:
        with os.fdopen(new_file(temporary), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        with _opened(path.parent) as folder:
            os.fsync(folder)
    finally:
        temporary.unlink(missing_ok=True)


def new_file(path: Path) -> int:
    """Create an empty private file and return its descriptor, open for writing.

    Raises:
        FileExistsError: if the file exists.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; wait while another process holds it."""
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
