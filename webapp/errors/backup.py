"""Errors of backups, key rings and database copies."""

from __future__ import annotations

from pathlib import Path

from webapp.errors.base import ExplainedError


class BackupImpossible(ExplainedError):
    """A backup can be neither written nor restored; the message gives the reason."""

    code = "backup_impossible"


class BackupOlder(BackupImpossible):
    """The key ring holds people that the backup lacks; `people` is their number."""

    def __init__(self, people: int) -> None:
        super().__init__(
            f"The key ring holds {people} people who are not in this backup. Restoring it makes "
            "them unreadable in every backup. Restore a newer backup, or add: --without-newer"
        )
        self.people = people


class BackupBroken(ExplainedError):
    """A backup or key ring cannot be read; the message gives the reason."""

    code = "backup_broken"


class KeyRingBehind(ExplainedError):
    """The key ring could not be written after a change of the database."""

    code = "key_ring_behind"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            f"The database has changed, but the key ring {file} could not be written ({why}). "
            "It still holds the keys of people deleted since, under the master key of that time. "
            "Free disk space and make its folder writable for this user. "
            "The server then writes it automatically, and so does every start.",
        )


class CopyImpossible(ExplainedError):
    """The database copy cannot start or continue; the message gives the reason."""

    code = "copy_impossible"
