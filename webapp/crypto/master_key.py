"""Source of the master key: a setting, or a file that only its owner can read.

During a rotation there are two keys: the newest wraps, both unwrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from webapp.crypto.vault import Vault, parse_master_key, read_master_key
from webapp.settings import Settings

Stamp = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class MasterKeys:
    """The current master keys, newest first."""

    settings: Settings

    def stamp(self) -> Stamp:
        """Return a cheap value that changes whenever a key file is replaced."""
        return tuple(map(_stamp_of, self._files()))

    def open_vault(self) -> Vault:
        """Return a vault of the current keys.

        Raises:
            MasterKeyUnusable: if a key is missing or unusable.
        """
        if self.settings.master_key:
            return Vault(*self._from_settings())
        newest, current = self._files()
        files = (newest, current) if newest.exists() else (current,)
        return Vault(*map(read_master_key, files))

    def _from_settings(self) -> list[bytes]:
        named = {
            "MASTER_KEY": self.settings.master_key,
            "PREVIOUS_MASTER_KEY": self.settings.previous_master_key,
        }
        return [parse_master_key(text, name) for name, text in named.items() if text]

    def _files(self) -> tuple[Path, Path]:
        return self.settings.next_master_key_file, self.settings.master_key_file


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
