"""Errors of backups, key rings and copies."""

from __future__ import annotations

from pathlib import Path

from webapp.errors.base import ExplainedError


class BackupImpossible(ExplainedError):
    """No backup can be made or put back so; the text says why."""

    code = "backup_impossible"


class BackupOlder(BackupImpossible):
    """The key ring holds people who are not in a backup; `people` says how many."""

    def __init__(self, people: int) -> None:
        super().__init__(
            f"{people} people on the key ring are not in this backup; after this no backup opens "
            "for them. Is there a newer backup? Otherwise go on with: --without-newer"
        )
        self.people = people


class BackupBroken(ExplainedError):
    """A backup or key ring cannot be read; the text says why."""

    code = "backup_broken"


class KeyRingBehind(ExplainedError):
    """The key ring could not be written after a change; the text says why, and what to do."""

    code = "key_ring_behind"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            f"the database is changed, but the key ring {file} could not be written ({why}): it "
            "still holds the keys of whoever was deleted since, and opens with the master key of "
            "its day. Give its disk room and let this user write into its folder; a server that "
            "runs then writes it by itself, and so does every start",
        )


class CopyImpossible(ExplainedError):
    """A database cannot be copied so; the text says why."""

    code = "copy_impossible"
