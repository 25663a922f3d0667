"""The key ring: the wrapped keys that backups need, in one file without versions.

It follows the database: every deletion rewrites it. While its disk is full or unavailable, it is
outdated; the server retries and reports that.
"""

from __future__ import annotations

import json
import os
import re
import time
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from errno import EEXIST
from pathlib import Path
from uuid import UUID

from sqlalchemy import exists, select

from webapp.core.atomic_files import atomic_write
from webapp.crypto.vault import MasterKeyUnusable, SealBroken, Vault
from webapp.db.engine import SQLITE, db
from webapp.db.key_store import key_store
from webapp.db.models import AuditEntry, InstallationKey, PersonKey
from webapp.db.models.installation import ONLY_ROW
from webapp.db.transactions import unit_of_work
from webapp.errors.backup import BackupBroken, KeyRingBehind
from webapp.gallery.base import deleted_since, version_of_database
from webapp.settings import current_settings

BACKED_UP, RESTORED = "backed_up", "restored"
# Header pattern: reads version and installation key without parsing the whole file.
HEAD = re.compile(rb'\{"version": (\d+), "installation": \["([^"]+)", "(\w+)"\]')
HEAD_BYTES = 512
# Purpose of a digest that is equal for all wrappings of one installation's key.
SAME = "same installation"
PAUSE_SECONDS = 60.0


@dataclass(frozen=True)
class KeyRing:
    """Every key that a backup needs, wrapped, with the id of the wrapping master key.

    `version` is the gallery's version at the time of writing; None for a ring of an earlier
    release.
    """

    installation: tuple[bytes, str]
    people: dict[UUID, tuple[bytes, str]]
    version: int | None = None

    @classmethod
    def of_database(cls) -> KeyRing:
        """Return the present keys of the database."""
        own = db.session.get_one(InstallationKey, ONLY_ROW, populate_existing=True)
        rows = db.session.execute(
            select(PersonKey.person_id, PersonKey.wrapped, PersonKey.master_key_id)
        )
        people = {row.person_id: (row.wrapped, row.master_key_id) for row in rows}
        return cls((own.wrapped, own.master_key_id), people, version_of_database())

    @classmethod
    def read(cls, file: Path) -> KeyRing:
        """Read a key ring from a file.

        Raises:
            BackupBroken: if the file is not a key ring.
        """
        try:
            held = json.loads(file.read_text())
            people = {UUID(hex=key): _decoded(pair) for key, pair in held["people"].items()}
            return cls(_decoded(held["installation"]), people, held.get("version"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BackupBroken(f"{file} is not a key ring") from error

    def check_master_key(self, vault: Vault) -> None:
        """Check that the present master keys can open all keys.

        Raises:
            MasterKeyUnusable: if another master key wrapped any of them.
        """
        wrapped_by = {name for _, name in (self.installation, *self.people.values())}
        if not wrapped_by <= set(vault.master_key_ids):
            raise MasterKeyUnusable(
                "another master key wrapped the key ring: use a copy of the ring made since the "
                "master key changed, or restore the master key of its time"
            )

    def write(self, file: Path) -> None:
        """Replace the key ring atomically."""
        held = {
            "version": self.version,  # first: see HEAD
            "installation": _encoded(self.installation),
            "people": {key.hex: _encoded(pair) for key, pair in self.people.items()},
        }
        with atomic_write(file) as to:
            to.write(json.dumps(held).encode())


def write(*, replaces_foreign: bool = False) -> KeyRing:
    """Write the present keys, while no other transaction can change them.

    Args:
        replaces_foreign: whether to replace another installation's key ring, which its backups
            need.

    Raises:
        KeyRingBehind: if the file cannot be written.
    """
    with unit_of_work():
        return _write(replaces_foreign=replaces_foreign)


def follow() -> None:
    """Rewrite the key ring, if this installation has backups.

    Raises:
        KeyRingBehind: if the file cannot be written.
    """
    if _is_wanted():
        write()


def check() -> None:
    """Check that the key ring is not outdated after a failed write of this process.

    Raises:
        KeyRingBehind: if it is outdated.
    """
    if key_store().key_ring_failed and _is_behind():
        raise KeyRingBehind(current_settings().key_ring_file, "at the last try")


class KeyRingSync:
    """An errand that rewrites an outdated key ring after a failed write.

    It waits PAUSE_SECONDS after each change and each failure: a deletion of many people rewrites
    the ring once, at its end.
    """

    def __init__(self, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._pause_seconds = pause_seconds
        self._version: int | None = None
        self._since = 0.0

    def run(self) -> None:
        """Rewrite the key ring if it has been outdated for long enough.

        Raises:
            KeyRingBehind: if the file cannot be written.
        """
        version = version_of_database() if _is_wanted() and _is_behind() else None
        db.session.rollback()
        if version != self._version:
            self._version, self._since = version, time.monotonic()
        if version is None or time.monotonic() - self._since < self._pause_seconds:
            return
        self._since = time.monotonic()
        with unit_of_work():
            if _is_behind():  # another process may have written meanwhile
                _write()


def is_foreign(file: Path) -> bool:
    """Return whether a key ring belongs to another installation than the database.

    A ring that does not open counts as ours if the database was backed up: a rotation will rewrap
    it.
    """
    try:
        wrapped = _wrapped_of(file)
        theirs = key_store().vault.installation_secrets(wrapped) if wrapped else None
    except SealBroken:
        return not _was_backed_up()
    own = key_store().secrets
    return theirs is not None and theirs.keyed_digest(SAME, b"") != own.keyed_digest(SAME, b"")


def _write(*, replaces_foreign: bool = False) -> KeyRing:
    keys, file = KeyRing.of_database(), current_settings().key_ring_file
    try:
        if not replaces_foreign and is_foreign(file):
            raise FileExistsError(EEXIST, "it is of another installation, whose backups need it")
        keys.write(file)
    except OSError as error:
        key_store().key_ring_failed = True
        raise KeyRingBehind(file, error.strerror or type(error).__name__) from error
    key_store().key_ring_failed = False
    return keys


def _is_wanted() -> bool:
    """Return whether there are backups; the file itself may be on an unavailable disk."""
    if os.path.exists(current_settings().key_ring_file):
        return True
    return db.engine.dialect.name == SQLITE and _was_backed_up()


def _was_backed_up() -> bool:
    made = select(exists().where(AuditEntry.event.in_([BACKED_UP, RESTORED])))
    return bool(db.session.scalar(made))


def _is_behind() -> bool:
    """Return whether the file may contain keys of deleted people, or needs another master key."""
    written = _head_of(current_settings().key_ring_file)
    if written is None:
        return True
    version, master_key_id = int(written[1]), written[3].decode()
    now = version_of_database()
    if version > now or deleted_since(version, now) != []:
        return True
    name = select(InstallationKey.master_key_id).where(InstallationKey.id == ONLY_ROW)
    return db.session.scalar(name) != master_key_id


def _wrapped_of(file: Path) -> bytes | None:
    """Return the wrapped installation key of a key ring; None if there is no key ring."""
    if written := _head_of(file):
        return b64decode(written[2])
    with suppress(BackupBroken):  # of an earlier release, with another header
        return KeyRing.read(file).installation[0]
    return None


def _head_of(file: Path) -> re.Match[bytes] | None:
    """Match the header: gallery version, installation key, id of the master key."""
    try:
        with file.open("rb") as opened:
            return HEAD.match(opened.read(HEAD_BYTES))
    except OSError:
        return None


def _encoded(pair: tuple[bytes, str]) -> list[str]:
    return [b64encode(pair[0]).decode(), pair[1]]


def _decoded(pair: list[str]) -> tuple[bytes, str]:
    return b64decode(pair[0]), pair[1]
