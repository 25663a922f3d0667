"""Backups: a copy of the database without keys, and the keys in one file without versions.

A backup contains no person's key, and names only encrypted under that key. The wrapped keys are in
one file, the key ring, which is rewritten after every deletion. If only the newest key ring is
kept, a deleted person's data is unreadable in every backup ever made.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from webapp.core.actor import Actor
from webapp.core.atomic_files import exclusive_lock, new_file
from webapp.core.text import comparison_key
from webapp.crypto.encrypted_file import seal_file, unseal_file
from webapp.crypto.vault import InstallationSecrets, PersonSeal, Place, SealBroken, Vault
from webapp.db.engine import SQLITE, db
from webapp.db.key_store import key_store
from webapp.db.models.installation import ONLY_ROW
from webapp.db.secure_delete import truncate_log
from webapp.errors.backup import BackupBroken, BackupImpossible, BackupOlder
from webapp.services import audit
from webapp.services.backup import key_ring
from webapp.services.backup.key_ring import BACKED_UP, KeyRing
from webapp.settings import current_settings

PURPOSE = "backup"
COPIES = ".copy-*.db"
LEAVE_KEYS_OUT = (
    "DELETE FROM person_key",
    "DELETE FROM installation_key",
    "DELETE FROM account_session",
    "DELETE FROM pending_sign_in",
    "DELETE FROM known_browser",
    "DELETE FROM own_link",  # a link revoked since must not work again
    "DELETE FROM setup_token",
    "DELETE FROM api_key",  # a key revoked since must not work again
    "DELETE FROM remembered_answer",
    "DELETE FROM challenge_frame",  # observations of people before the camera
    "DELETE FROM challenge",
    "DELETE FROM page_result",
)


def forget_old_keys() -> None:
    """Erase keys that no row needs any more, including what a killed process left.

    They may be in SQLite's write-ahead log, in copies of killed backups, and on the key ring.

    Raises:
        KeyRingBehind: if the key ring could not be rewritten; everything else is erased.
    """
    truncate_log()
    _remove_dead_copies()
    key_ring.follow()


def back_up(target: Path, actor: Actor) -> None:
    """Write an encrypted backup while the app runs, verify it, and rewrite the key ring.

    Raises:
        BackupImpossible: if the database is not SQLite, or the target exists.
        KeyRingBehind: if the key ring cannot be written; no backup is made then.
        BackupBroken: if the written backup cannot be read.
    """
    if target.exists():
        raise BackupImpossible(
            f"{target} exists; choose another name: backups are never overwritten"
        )
    _remove_dead_copies()
    keys, secrets = key_ring.write(), key_store().secrets
    with _private_copy() as copy:
        _copy_database(copy)
        _take_keys_out(copy, keys)
        seal_file(copy, target, secrets, PURPOSE)
    with _private_copy() as again:
        _unseal(target, again, secrets)
        _check_whole(again)
    audit.record_now(BACKED_UP, actor)


def restore(source: Path, ring: Path, *, without_newer: bool = False) -> int:
    """Replace the database by a backup; the app must not run meanwhile.

    People whose keys are not on the key ring were deleted since, and are deleted again. People who
    are on the key ring but not in the backup lose their keys when the ring is next written.

    Args:
        source: the backup.
        ring: the newest key ring.
        without_newer: whether those people's keys may be lost.

    Returns:
        The number of people restored.

    Raises:
        BackupImpossible: if the database is not SQLite.
        BackupOlder: if that key ring, or the one in its place, has such people; see
            `without_newer`.
        BackupBroken: if backup or key ring cannot be read.
        VaultError: if the master key is a different one.
    """
    database, vault = _database_file(), key_store().vault
    keys = KeyRing.read(ring)
    keys.check_master_key(vault)
    secrets = vault.installation_secrets(keys.installation[0])
    with _private_copy() as copy:
        _unseal(source, copy, secrets)
        _check_whole(copy)
        if not without_newer:
            _check_nobody_newer(copy, keys)
        people = _put_keys_in(copy, keys, vault)
        _check_whole(copy)
        db.session.remove()
        db.engine.dispose()
        for log in ("-wal", "-shm"):
            database.with_name(database.name + log).unlink(missing_ok=True)
        copy.replace(database)
    return people


def _database_file() -> Path:
    if db.engine.dialect.name != SQLITE or not db.engine.url.database:
        raise BackupImpossible("this database is not SQLite: use the tools of its server")
    return Path(db.engine.url.database)


@contextmanager
def _private_copy() -> Iterator[Path]:
    """Yield an empty file beside the database, locked while this process lives."""
    copy = _database_file().with_name(COPIES.replace("*", os.urandom(8).hex()))
    with exclusive_lock(copy.parent):  # until it is locked, it looks abandoned
        descriptor = new_file(copy)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield copy
    finally:
        _remove_copy(copy)
        os.close(descriptor)


def _remove_dead_copies() -> None:
    if db.engine.dialect.name != SQLITE:
        return
    folder = _database_file().parent
    with exclusive_lock(folder):
        for copy in folder.glob(COPIES):
            with suppress(FileNotFoundError), copy.open("rb") as opened:
                if _is_dead(opened):
                    _remove_copy(copy)


def _is_dead(copy: BinaryIO) -> bool:
    """Return whether no process holds a copy."""
    try:
        fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_copy(copy: Path) -> None:
    """Remove a copy. SQLite's files beside it go first: they are found by the copy's name."""
    for part in (*copy.parent.glob(f"{copy.name}-*"), copy):
        part.unlink(missing_ok=True)


def _copy_database(copy: Path) -> None:
    with closing(sqlite3.connect(_database_file())) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)


def _take_keys_out(copy: Path, keys: KeyRing) -> None:
    vault = key_store().vault
    with closing(sqlite3.connect(copy)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA secure_delete = ON")
        for statement in LEAVE_KEYS_OUT:
            database.execute(statement)
        for key, identifier, name in database.execute(
            "SELECT id, identifier, name FROM person"
        ).fetchall():
            person_id = UUID(hex=key)
            if person_id not in keys.people:  # enrolled or deleted between the two reads
                database.execute("DELETE FROM person WHERE id = ?", (key,))
                continue
            seal = vault.person_seal(keys.people[person_id][0], person_id)
            sealed = seal.seal(json.dumps([identifier, name]).encode(), _naming(person_id))
            database.execute(
                "UPDATE person SET identifier = id, identifier_key = id, name = ?, name_key = ''"
                " WHERE id = ?",
                (b64encode(sealed).decode(), key),
            )
        database.commit()
        database.execute("VACUUM")


def _put_keys_in(copy: Path, keys: KeyRing, vault: Vault) -> int:
    with closing(sqlite3.connect(copy)) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA secure_delete = ON")
        database.execute(
            "INSERT INTO installation_key (id, wrapped, master_key_id) VALUES (?, ?, ?)",
            (ONLY_ROW, *keys.installation),
        )
        people = 0
        for key, sealed in database.execute("SELECT id, name FROM person").fetchall():
            person_id = UUID(hex=key)
            if person_id not in keys.people:
                database.execute("DELETE FROM person WHERE id = ?", (key,))
                continue
            wrapped, master_key_id = keys.people[person_id]
            identifier, name = _names_of(sealed, vault.person_seal(wrapped, person_id), person_id)
            database.execute(
                "UPDATE person SET identifier = ?, identifier_key = ?, name = ?, name_key = ?"
                " WHERE id = ?",
                (identifier, comparison_key(identifier), name, comparison_key(name), key),
            )
            database.execute(
                "INSERT INTO person_key (person_id, wrapped, master_key_id) VALUES (?, ?, ?)",
                (key, wrapped, master_key_id),
            )
            people += 1
        database.execute("UPDATE attempt SET claim_digest = NULL WHERE person_id IS NULL")
        database.execute("UPDATE gallery_version SET number = number + 1")
        database.commit()
        database.execute("VACUUM")
    return people


def _check_nobody_newer(copy: Path, keys: KeyRing) -> None:
    """Check that the backup has everybody on the key rings.

    The ring in place is lost, too, and may be newer than the copy of it that is restored.

    Raises:
        BackupOlder: if people are missing.
    """
    on_rings = set(keys.people)
    with suppress(BackupBroken):  # it is missing, or unreadable and the reason for this restore
        on_rings |= KeyRing.read(current_settings().key_ring_file).people.keys()
    with closing(sqlite3.connect(copy)) as database:
        in_backup = {UUID(hex=key) for (key,) in database.execute("SELECT id FROM person")}
    if newer := len(on_rings - in_backup):
        raise BackupOlder(newer)


def _names_of(sealed: str, seal: PersonSeal, person_id: UUID) -> tuple[str, str]:
    identifier, name = json.loads(seal.open(b64decode(sealed), _naming(person_id)))
    return identifier, name


def _unseal(source: Path, to: Path, secrets: InstallationSecrets) -> None:
    try:
        unseal_file(source, to, secrets, PURPOSE)
    except (SealBroken, OSError) as error:
        raise BackupBroken(f"{source} cannot be opened: {error}") from error


def _check_whole(database: Path) -> None:
    try:
        with closing(sqlite3.connect(database)) as connection:
            answer = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupBroken("the backup does not contain a database") from error
    if answer != ("ok",):
        raise BackupBroken("the backup's database is damaged")


def _naming(person_id: UUID) -> Place:
    return Place("person", person_id, "naming")
