"""Envelope encryption of what belongs to a person; the only module that sees keys.

The master key, outside the database, wraps one random data key a person. The data key seals the
person's pictures and embeddings by AES-256-GCM. What is sealed is bound to its place, so that it
opens nowhere else, and destroying the one wrapped key of a person destroys the data. It also wraps
the installation's own key, from which digests and signatures are derived: they outlive it.
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
    """Keys or sealed data cannot be used; the text says why, and never holds a secret."""


class MasterKeyUnusable(VaultError):
    """The master key is missing, readable by others, or no key; the text says what to do."""


class SealBroken(VaultError):
    """A sealed value was altered, moved, or belongs to another key."""


@dataclass(frozen=True)
class Place:
    """Where a sealed value stands: table, id of the row, and field."""

    table: str
    row: UUID
    field: str

    @property
    def associated_data(self) -> bytes:
        """The place as bytes, bound to the value by its seal; the format's version included."""
        return FORMAT + "|".join((self.table, self.row.hex, self.field)).encode()


INSTALLATION = Place("installation_key", UUID(int=0), "wrapped")


class PersonSeal:
    """Seals and opens the values of one person."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, value: bytes, place: Place) -> bytes:
        """Encrypt a value for a place: format, nonce, ciphertext and tag."""
        return _seal(self._cipher, value, place)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Decrypt a value that was sealed for this place.

        Raises:
            SealBroken: if it was altered, or sealed for another place or person.
        """
        return _open(self._cipher, sealed, place)


class Vault:
    """Makes, wraps and unwraps keys.

    Keys are wrapped by the newest master key; older ones still unwrap, while theirs are rewrapped.
    """

    def __init__(self, newest: bytes, *older: bytes) -> None:
        self._wrappers = tuple(
            AESGCM(_derived(key, "wrap people's keys")) for key in (newest, *older)
        )
        self.master_key_ids = tuple(_name_of(key) for key in (newest, *older))

    @property
    def master_key_id(self) -> str:
        """The name of the key that wraps."""
        return self.master_key_ids[0]

    def new_person_key(self, person_id: UUID) -> bytes:
        """Make a random data key for a person; returned wrapped, ready to be stored."""
        return self._wrap(secrets.token_bytes(KEY_BYTES), _key_place(person_id))

    def person_seal(self, wrapped_key: bytes, person_id: UUID) -> PersonSeal:
        """The seal of a person.

        Raises:
            SealBroken: if the key is another person's or was wrapped by another master key.
        """
        return PersonSeal(self._unwrap(wrapped_key, _key_place(person_id)))

    def rewrapped_person_key(self, wrapped_key: bytes, person_id: UUID) -> bytes:
        """A person's key, wrapped by the newest master key.

        Raises:
            SealBroken: as `person_seal`.
        """
        place = _key_place(person_id)
        return self._wrap(self._unwrap(wrapped_key, place), place)

    def new_installation_key(self) -> bytes:
        """Make the installation's own key; returned wrapped."""
        return self._wrap(secrets.token_bytes(KEY_BYTES), INSTALLATION)

    def installation_secrets(self, wrapped_key: bytes) -> InstallationSecrets:
        """What is derived from the installation's own key.

        Raises:
            SealBroken: if it was wrapped by another master key.
        """
        return InstallationSecrets(self._unwrap(wrapped_key, INSTALLATION))

    def rewrapped_installation_key(self, wrapped_key: bytes) -> bytes:
        """The installation's own key, wrapped by the newest master key.

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
    """Digests, signatures and seals of what belongs to nobody enrolled."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def keyed_digest(self, purpose: str, value: str | bytes) -> bytes:
        """32 bytes that only the key's holder can compute from `value`, for one purpose."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.digest(_derived(self._key, purpose), data, sha256)

    def keyed_stream(self, purpose: str, length: int) -> bytes:
        """Any number of bytes that only the key's holder can compute, for one purpose."""
        cipher = Cipher(AES(_derived(self._key, purpose)), CTR(bytes(AES.block_size // 8)))
        return cipher.encryptor().update(bytes(length))

    def seal(self, value: bytes, place: Place) -> bytes:
        """Encrypt a value for a place."""
        return _seal(self._cipher(place), value, place)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Decrypt a value that was sealed for this place.

        Raises:
            SealBroken: if it was altered, or sealed for another place or installation.
        """
        return _open(self._cipher(place), sealed, place)

    def _cipher(self, place: Place) -> AESGCM:
        return AESGCM(_derived(self._key, f"seal {place.table} {place.row.hex}"))


def read_master_key(path: Path) -> bytes:
    """Read a master key from its file.

    Raises:
        MasterKeyUnusable: if it is missing, no key, or readable by others than its owner.
    """
    if not path.exists():
        raise MasterKeyUnusable(
            f"{path} is missing: bring it back from where it is kept; without it enrolled people "
            "cannot be read. A new installation makes one by: flask --app wsgi prepare"
        )
    if is_open_to_others(path):
        raise MasterKeyUnusable(f"{path} can be read by others; run: chmod 600 {path}")
    return parse_master_key(path.read_text(), str(path))


def parse_master_key(text: str, source: str) -> bytes:
    """A master key from its text; `source` says where it was read.

    Raises:
        MasterKeyUnusable: if the text is no key.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise MasterKeyUnusable(f"{source} holds no key; bring back the right one") from error
    if len(key) != KEY_BYTES:
        raise MasterKeyUnusable(f"{source} holds no key of {KEY_BYTES} bytes; bring back the one")
    return key


def write_new_key(path: Path) -> None:
    """Write a random key to a file that only its owner reads; a key that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(path.parent):
        if path.exists():
            return
        with atomic_write(path) as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n".encode())


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def _name_of(master_key: bytes) -> str:
    return _derived(master_key, "name of the master key").hex()[:16]


def _key_place(person_id: UUID) -> Place:
    return Place("person_key", person_id, "wrapped")


def _seal(cipher: AESGCM, value: bytes, place: Place) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + cipher.encrypt(nonce, value, place.associated_data)


def _open(cipher: AESGCM, sealed: bytes, place: Place) -> bytes:
    start = len(FORMAT) + NONCE_BYTES
    if len(sealed) < start + TAG_BYTES or not sealed.startswith(FORMAT):
        raise SealBroken(f"{place.table}.{place.field} holds no sealed value")
    nonce, ciphertext = sealed[len(FORMAT) : start], sealed[start:]
    try:
        return cipher.decrypt(nonce, ciphertext, place.associated_data)
    except InvalidTag:
        raise SealBroken(f"{place.table}.{place.field} does not open with this key") from None
