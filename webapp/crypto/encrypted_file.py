"""Large files, sealed in pieces: none can be changed, moved, left out or cut off unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from webapp.core.atomic_files import atomic_write
from webapp.crypto.vault import InstallationSecrets, Place, SealBroken

PIECE_BYTES = 4 << 20
LENGTH_BYTES = 8
ID_BYTES = 16


def seal_file(source: Path, target: Path, secrets: InstallationSecrets, purpose: str) -> None:
    """Encrypt a file into one that must not exist yet, whole or not at all."""
    file_id = uuid4()
    with source.open("rb") as plain, atomic_write(target) as to:
        to.write(file_id.bytes)
        for number, (piece, last) in enumerate(_pieces(plain)):
            sealed = secrets.seal(piece, _place(purpose, file_id, number, last=last))
            to.write(len(sealed).to_bytes(LENGTH_BYTES, "big") + sealed)


def unseal_file(source: Path, target: Path, secrets: InstallationSecrets, purpose: str) -> None:
    """Decrypt a file into another.

    Raises:
        SealBroken: if it is none of ours, or was altered, or breaks off.
    """
    with source.open("rb") as sealed, target.open("wb") as plain:
        file_id = UUID(bytes=_read(sealed, ID_BYTES))
        size, number = source.stat().st_size, 0
        while sealed.tell() < size:
            length = int.from_bytes(_read(sealed, LENGTH_BYTES), "big")
            piece = _read(sealed, min(length, 2 * PIECE_BYTES))
            last = sealed.tell() == size
            plain.write(secrets.open(piece, _place(purpose, file_id, number, last=last)))
            number += 1
        if not number:
            raise SealBroken("the file breaks off")


def _pieces(plain: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The pieces, at least one, and whether each is the last."""
    piece = plain.read(PIECE_BYTES)
    while True:
        following = plain.read(PIECE_BYTES)
        yield piece, not following
        if not following:
            return
        piece = following


def _read(file: BinaryIO, length: int) -> bytes:
    found = file.read(length)
    if len(found) != length:
        raise SealBroken("the file breaks off")
    return found


def _place(purpose: str, file_id: UUID, number: int, *, last: bool) -> Place:
    return Place(purpose, file_id, f"{number}{'.' if last else ''}")
