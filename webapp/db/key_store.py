"""The current keys of this installation, from the key files and the database."""

from __future__ import annotations

from threading import RLock

from flask import current_app
from sqlalchemy import select

from webapp.crypto.master_key import MasterKeys, Stamp
from webapp.crypto.vault import InstallationSecrets, MasterKeyUnusable, Vault
from webapp.db.engine import db
from webapp.db.models import InstallationKey, PersonKey
from webapp.db.models.installation import ONLY_ROW
from webapp.settings import Settings

NAME = "key_store"


class KeyStore:
    """The vault of the master keys, and the secrets derived from the installation key.

    Attributes:
        key_ring_failed: whether the last attempt of this process to write the key ring failed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._master_keys = MasterKeys(settings)
        self._lock = RLock()
        self._vault: tuple[Stamp, Vault] | None = None
        self._secrets: InstallationSecrets | None = None
        self.key_ring_failed = False

    @property
    def vault(self) -> Vault:
        """The vault; it reloads as soon as a rotation replaces a key file.

        Raises:
            MasterKeyUnusable: if the master key is missing or unusable.
        """
        with self._lock:
            stamp = self._master_keys.stamp()
            if self._vault is None or self._vault[0] != stamp:
                self._vault = (stamp, self._master_keys.open_vault())
            return self._vault[1]

    @property
    def secrets(self) -> InstallationSecrets:
        """The secrets derived from the installation key.

        Raises:
            MasterKeyUnusable: if the installation key or the master key is missing.
            SealBroken: if another master key wrapped the installation key.
        """
        if self._secrets is None:
            row = db.session.get(InstallationKey, ONLY_ROW)
            if row is None:
                raise MasterKeyUnusable(
                    "The database has no installation key. Run: flask --app wsgi prepare"
                )
            self._secrets = self.vault.installation_secrets(row.wrapped)
        return self._secrets

    def check_master_key(self) -> None:
        """Check that the current master keys wrapped every stored key.

        Raises:
            MasterKeyUnusable: if the master key is missing or another one.
        """
        known = self.vault.master_key_ids
        for key in (PersonKey, InstallationKey):
            foreign = select(key.master_key_id).where(key.master_key_id.not_in(known))
            if db.session.scalar(foreign.limit(1)):
                raise MasterKeyUnusable(
                    f"{self._settings.master_key_file} is not the key that encrypted this "
                    "database. Restore the right file."
                )

    def check_master_key_current(self) -> None:
        """Check in the running transaction that no other machine rotated the master key.

        Raises:
            MasterKeyUnusable: if one did: a key wrapped by the old one would become unreadable.
        """
        current = select(InstallationKey.master_key_id).where(InstallationKey.id == ONLY_ROW)
        if db.session.scalar(current) not in self.vault.master_key_ids:
            raise MasterKeyUnusable(
                "Another machine rotated the master key. Copy the new key to "
                f"{self._settings.master_key_file}, or set it as that machine does."
            )


def key_store() -> KeyStore:
    """Return the key store of the current app."""
    store: KeyStore = current_app.extensions[NAME]
    return store
