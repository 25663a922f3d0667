"""Authenticated encryption of large files, chunk by chunk.

Each chunk is bound to its file, its position and whether it is the last. Decryption detects a
chunk that was changed, moved or removed, and a truncated file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from webapp.core.atomic_files import atomic_write
from webapp.crypto.vault import InstallationSecrets, Place, SealBroken

CHUNK_BYTES = 4 << 20
LENGTH_BYTES = 8
ID_BYTES = 16
TRUNCATED = "the file is truncated"


def seal_file(source: Path, target: Path, secrets: InstallationSecrets, purpose: str) -> None:
    """Encrypt `source` into `target`, which must not exist yet; the write is atomic."""
    file_id = uuid4()
    with source.open("rb") as plain, atomic_write(target) as to:
        to.write(file_id.bytes)
        for number, (chunk, last) in enumerate(_chunks(plain)):
            sealed = secrets.seal(chunk, _place(purpose, file_id, number, last=last))
            to.write(len(sealed).to_bytes(LENGTH_BYTES, "big") + sealed)


def unseal_file(source: Path, target: Path, secrets: InstallationSecrets, purpose: str) -> None:
    """Decrypt `source` into `target`.

    Raises:
        SealBroken: if the file was not made by this installation, was altered, or is truncated.
    """
    with source.open("rb") as sealed, target.open("wb") as plain:
        file_id = UUID(bytes=_read(sealed, ID_BYTES))
        size, number = source.stat().st_size, 0
        while sealed.tell() < size:
            length = int.from_bytes(_read(sealed, LENGTH_BYTES), "big")
            chunk = _read(sealed, min(length, 2 * CHUNK_BYTES))
            last = sealed.tell() == size
            plain.write(secrets.open(chunk, _place(purpose, file_id, number, last=last)))
            number += 1
        if not number:
            raise SealBroken(TRUNCATED)


def _chunks(plain: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield at least one chunk, each with whether it is the last."""
    chunk = plain.read(CHUNK_BYTES)
    while True:
        following = plain.read(CHUNK_BYTES)
        yield chunk, not following
        if not following:
            return
        chunk = following


def _read(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise SealBroken(TRUNCATED)
    return data


def _place(purpose: str, file_id: UUID, number: int, *, last: bool) -> Place:
    return Place(purpose, file_id, f"{number}{'.' if last else ''}")
