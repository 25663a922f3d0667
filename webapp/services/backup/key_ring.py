"""The key ring: the keys that backups need, wrapped, in one file that is never kept twice.

It follows the database: it is written anew whenever somebody is deleted. Where its disk is full or
away it is behind until it can be written: the server tries again, and says so meanwhile.
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
# The beginning of the file, which says as of when it is without being read whole.
HEAD = re.compile(rb'\{"version": (\d+), "installation": \["([^"]+)", "(\w+)"\]')
HEAD_BYTES = 512
# Purpose of a digest that is the same for two wrappings of one installation's key.
SAME = "same installation"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class KeyRing:
    """Every key that a backup needs, wrapped, with the name of the master key that wrapped it.

    `version` is the gallery's as of then; None on one of an earlier release.
    """

    installation: tuple[bytes, str]
    people: dict[UUID, tuple[bytes, str]]
    version: int | None = None

    @classmethod
    def of_database(cls) -> KeyRing:
        """The keys as they are now."""
        own = db.session.get_one(InstallationKey, ONLY_ROW, populate_existing=True)
        rows = db.session.execute(
            select(PersonKey.person_id, PersonKey.wrapped, PersonKey.master_key_id)
        )
        people = {row.person_id: (row.wrapped, row.master_key_id) for row in rows}
        return cls((own.wrapped, own.master_key_id), people, version_of_database())

    @classmethod
    def read(cls, file: Path) -> KeyRing:
        """Read a key ring.

        Raises:
            BackupBroken: if the file is none.
        """
        try:
            held = json.loads(file.read_text())
            people = {UUID(hex=key): _decoded(pair) for key, pair in held["people"].items()}
            return cls(_decoded(held["installation"]), people, held.get("version"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BackupBroken(f"{file} is no key ring") from error

    def check_master_key(self, vault: Vault) -> None:
        """Check that what opens the keys is at hand.

        Raises:
            MasterKeyUnusable: if any was wrapped by another master key.
        """
        wrapped_by = {name for _, name in (self.installation, *self.people.values())}
        if not wrapped_by <= set(vault.master_key_ids):
            raise MasterKeyUnusable(
                "the key ring was wrapped by another master key than the one here: take a copy of "
                "it that was made since the master key changed, or bring back the master key of "
                "its day"
            )

    def write(self, file: Path) -> None:
        """Write the key ring in place of an older one, whole or not at all."""
        held = {
            "version": self.version,  # first: see HEAD
            "installation": _encoded(self.installation),
            "people": {key.hex: _encoded(pair) for key, pair in self.people.items()},
        }
        with atomic_write(file) as to:
            to.write(json.dumps(held).encode())


def write(*, replaces_foreign: bool = False) -> KeyRing:
    """Write the keys as they are now, while nobody else can change them.

    Args:
        replaces_foreign: whether a key ring of another installation may go; its backups need it.

    Raises:
        KeyRingBehind: if the file cannot be written.
    """
    with unit_of_work():
        return _write(replaces_foreign=replaces_foreign)


def follow() -> None:
    """Write the key ring as the database is now, where there is to be one.

    Raises:
        KeyRingBehind: if the file cannot be written.
    """
    if _is_wanted():
        write()


def check() -> None:
    """Check that the key ring does not lag behind since this process could not write it.

    Raises:
        KeyRingBehind: if it does.
    """
    if key_store().key_ring_failed and _is_behind():
        raise KeyRingBehind(current_settings().key_ring_file, "at the last try")


class KeyRingSync:
    """An errand: writes the key ring where whoever changed keys could not, and nobody else has.

    It is left alone for a while after each change and each failure, since whoever deletes many
    people writes it once, in the end.
    """

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._version: int | None = None
        self._since = 0.0

    def run(self) -> None:
        """Write the key ring if it has been behind for long enough.

        Raises:
            KeyRingBehind: if the file cannot be written.
        """
        version = version_of_database() if _is_wanted() and _is_behind() else None
        db.session.rollback()
        if version != self._version:
            self._version, self._since = version, time.monotonic()
        if version is None or time.monotonic() - self._since < self._patience_seconds:
            return
        self._since = time.monotonic()
        with unit_of_work():
            if _is_behind():  # another process may have waited as long
                _write()


def is_foreign(file: Path) -> bool:
    """Return whether a key ring is of another installation than the database.

    One that does not open is ours where the database was backed up: it waits for a rotation.
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
    """Whether there are backups; the file itself may be on a disk that is away."""
    if os.path.exists(current_settings().key_ring_file):
        return True
    return db.engine.dialect.name == SQLITE and _was_backed_up()


def _was_backed_up() -> bool:
    made = select(exists().where(AuditEntry.event.in_([BACKED_UP, RESTORED])))
    return bool(db.session.scalar(made))


def _is_behind() -> bool:
    """Whether the file may hold keys of the deleted, or open with another master key only."""
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
    """The installation's own key on a key ring, wrapped; None where there is no key ring."""
    if written := _head_of(file):
        return b64decode(written[2])
    with suppress(BackupBroken):  # of an earlier release, which has another beginning
        return KeyRing.read(file).installation[0]
    return None


def _head_of(file: Path) -> re.Match[bytes] | None:
    """The gallery's version, the installation's key, and the name of the master key."""
    try:
        with file.open("rb") as opened:
            return HEAD.match(opened.read(HEAD_BYTES))
    except OSError:
        return None


def _encoded(pair: tuple[bytes, str]) -> list[str]:
    return [b64encode(pair[0]).decode(), pair[1]]


def _decoded(pair: list[str]) -> tuple[bytes, str]:
    return b64decode(pair[0]), pair[1]
