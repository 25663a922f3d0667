"""Envelope encryption of personal data; the only module that handles raw keys.

The master key lies outside the database. It wraps one random data key for each person, which
encrypts the person's photos and embeddings with AES-256-GCM. Each ciphertext is bound to its place
(table, row, field) and decrypts nowhere else. Deleting the wrapped key of a person destroys the
data. The master key also wraps the installation key, from which digests and signatures are derived.
The installation key survives a rotation of the master key.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.core.atomic_files import atomic_write, exclusive_lock, is_open_to_others

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
FORMAT = b"\x01"


class VaultError(Exception):
    """A key or sealed data is unusable; the message gives the reason and contains no secret."""


class MasterKeyUnusable(VaultError):
    """The master key is missing, readable by others, or malformed; the message has the remedy."""


class CookieKeyUnusable(VaultError):
    """The key that signs cookies is missing or malformed; the message has the remedy."""


class SealBroken(VaultError):
    """A sealed value was altered or moved, or needs another key."""


@dataclass(frozen=True)
class Place:
    """The place of a sealed value: table, id of the row, and field."""

    table: str
    row: UUID
    field: str

    @property
    def associated_data(self) -> bytes:
        """The associated data of the AEAD: format version and place."""
        return FORMAT + "|".join((self.table, self.row.hex, self.field)).encode()


INSTALLATION = Place("installation_key", UUID(int=0), "wrapped")


class PersonSeal:
    """Encrypts and decrypts the values of one person."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, value: bytes, place: Place) -> bytes:
        """Encrypt a value for a place; return format, nonce, ciphertext and tag."""
        return _seal(self._cipher, value, place)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Decrypt a value that was sealed for this place.

        Raises:
            SealBroken: if the value was altered, or sealed for another place or person.
        """
        return _open(self._cipher, sealed, place)


class Vault:
    """Creates, wraps and unwraps keys.

    The newest master key wraps. Older ones only unwrap, while a rotation rewraps their keys.
    """

    def __init__(self, newest: bytes, *older: bytes) -> None:
        self._wrappers = tuple(
            AESGCM(_derived(key, "wrap people's keys")) for key in (newest, *older)
        )
        self.master_key_ids = tuple(_key_id(key) for key in (newest, *older))

    @property
    def master_key_id(self) -> str:
        """The id of the master key that wraps."""
        return self.master_key_ids[0]

    def new_person_key(self, person_id: UUID) -> bytes:
        """Return a random data key for a person, wrapped for storage."""
        return self._wrap(secrets.token_bytes(KEY_BYTES), _key_place(person_id))

    def person_seal(self, wrapped_key: bytes, person_id: UUID) -> PersonSeal:
        """Return the seal of a person.

        Raises:
            SealBroken: if the key belongs to another person, or another master key wrapped it.
        """
        return PersonSeal(self._unwrap(wrapped_key, _key_place(person_id)))

    def rewrapped_person_key(self, wrapped_key: bytes, person_id: UUID) -> bytes:
        """Return a person's key, wrapped by the newest master key.

        Raises:
            SealBroken: as `person_seal`.
        """
        place = _key_place(person_id)
        return self._wrap(self._unwrap(wrapped_key, place), place)

    def new_installation_key(self) -> bytes:
        """Return a random installation key, wrapped for storage."""
        return self._wrap(secrets.token_bytes(KEY_BYTES), INSTALLATION)

    def installation_secrets(self, wrapped_key: bytes) -> InstallationSecrets:
        """Return the secrets derived from the installation key.

        Raises:
            SealBroken: if another master key wrapped it.
        """
        return InstallationSecrets(self._unwrap(wrapped_key, INSTALLATION))

    def rewrapped_installation_key(self, wrapped_key: bytes) -> bytes:
        """Return the installation key, wrapped by the newest master key.

        Raises:
            SealBroken: as `installation_secrets`.
        """
        return self._wrap(self._unwrap(wrapped_key, INSTALLATION), INSTALLATION)

    def _wrap(self, key: bytes, place: Place) -> bytes:
        return _seal(self._wrappers[0], key, place)

    def _unwrap(self, wrapped: bytes, place: Place) -> bytes:
        for older in self._wrappers[:0:-1]:
            with suppress(SealBroken):
                return _open(older, wrapped, place)
        return _open(self._wrappers[0], wrapped, place)


class InstallationSecrets:
    """Digests, signatures and seals of data that belongs to no enrolled person."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def keyed_digest(self, purpose: str, value: str | bytes) -> bytes:
        """Return an HMAC-SHA-256 of `value`, 32 bytes, under a key derived for the purpose."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.digest(_derived(self._key, purpose), data, sha256)

    def keyed_stream(self, purpose: str, length: int) -> bytes:
        """Return `length` pseudorandom bytes (AES-CTR) under a key derived for the purpose."""
        cipher = Cipher(AES(_derived(self._key, purpose)), CTR(bytes(AES.block_size // 8)))
        return cipher.encryptor().update(bytes(length))

    def seal(self, value: bytes, place: Place) -> bytes:
        """Encrypt a value for a place."""
        return _seal(self._cipher(place), value, place)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Decrypt a value that was sealed for this place.

        Raises:
            SealBroken: if the value was altered, or sealed for another place or installation.
        """
        return _open(self._cipher(place), sealed, place)

    def _cipher(self, place: Place) -> AESGCM:
        return AESGCM(_derived(self._key, f"seal {place.table} {place.row.hex}"))


def read_master_key(path: Path) -> bytes:
    """Read a master key from its file.

    Raises:
        MasterKeyUnusable: if it is missing, malformed, or readable by others.
    """
    if not path.exists():
        raise MasterKeyUnusable(
            f"The master key {path} is missing. Restore it from its copy; without it enrolled "
            "people cannot be read. For a new installation run: flask --app wsgi prepare"
        )
    if path.is_file() and is_open_to_others(path):
        raise MasterKeyUnusable(f"{path} can be read by others. Run: chmod 600 {path}")
    return parse_master_key(_read_key(path, MasterKeyUnusable), str(path))


def read_cookie_key(path: Path) -> str:
    """Read the key that signs cookies from its file.

    Raises:
        CookieKeyUnusable: if it is missing or too short to be a key.
    """
    if not path.exists():
        raise CookieKeyUnusable(f"{path} is missing. Run: flask --app wsgi prepare")
    key = _read_key(path, CookieKeyUnusable)
    if len(key) < KEY_BYTES or not key.isprintable():
        raise CookieKeyUnusable(
            f"{path} does not contain a key of at least {KEY_BYTES} characters. Restore the "
            "original one, or remove the file and run: flask --app wsgi prepare (this signs "
            "everyone out)"
        )
    return key


def _read_key(path: Path, error_type: type[VaultError]) -> str:
    """Return the text of a key file, empty if it is not ASCII."""
    if path.is_dir():
        raise error_type(
            f"{path} is a folder; Docker makes one where a file to mount is missing. Remove it "
            "and restore the file."
        )
    try:
        return path.read_bytes().decode("ascii").strip()
    except UnicodeDecodeError:
        return ""


def parse_master_key(text: str, source: str) -> bytes:
    """Parse a hexadecimal master key; `source` names its origin in the error.

    Raises:
        MasterKeyUnusable: if the text is not a key of KEY_BYTES bytes.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise MasterKeyUnusable(
            f"{source} does not contain a hexadecimal key. Restore the original one."
        ) from error
    if len(key) != KEY_BYTES:
        raise MasterKeyUnusable(
            f"{source} does not contain a key of {KEY_BYTES} bytes. Restore the original one."
        )
    return key


def write_new_key(path: Path) -> None:
    """Write a random key to a private file, unless the file exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(path.parent):
        if path.exists():
            return
        with atomic_write(path) as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n".encode())


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def _key_id(master_key: bytes) -> str:
    return _derived(master_key, "name of the master key").hex()[:16]


def _key_place(person_id: UUID) -> Place:
    return Place("person_key", person_id, "wrapped")


def _seal(cipher: AESGCM, value: bytes, place: Place) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + cipher.encrypt(nonce, value, place.associated_data)


def _open(cipher: AESGCM, sealed: bytes, place: Place) -> bytes:
    start = len(FORMAT) + NONCE_BYTES
    if len(sealed) < start + TAG_BYTES or not sealed.startswith(FORMAT):
        raise SealBroken(f"{place.table}.{place.field} does not contain a sealed value")
    nonce, ciphertext = sealed[len(FORMAT) : start], sealed[start:]
    try:
        return cipher.decrypt(nonce, ciphertext, place.associated_data)
    except InvalidTag:
        raise SealBroken(f"{place.table}.{place.field} cannot be decrypted with this key") from None
