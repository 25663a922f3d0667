"""The keys of this installation, as the files and the database hold them now."""

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
    """The vault of the master keys, and the secrets derived from the installation's own key.

    Attributes:
        key_ring_failed: whether this process could not write the key ring when it last tried.
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
        """The vault; a rotation of the master key is followed at once.

        Raises:
            MasterKeyUnusable: if there is no usable master key.
        """
        with self._lock:
            stamp = self._master_keys.stamp()
            if self._vault is None or self._vault[0] != stamp:
                self._vault = (stamp, self._master_keys.open_vault())
            return self._vault[1]

    @property
    def secrets(self) -> InstallationSecrets:
        """The secrets derived from the installation's own key.

        Raises:
            MasterKeyUnusable: if there is no such key, or no master key.
            SealBroken: if the master key is another one.
        """
        if self._secrets is None:
            row = db.session.get(InstallationKey, ONLY_ROW)
            if row is None:
                raise MasterKeyUnusable("run: flask --app wsgi prepare")
            self._secrets = self.vault.installation_secrets(row.wrapped)
        return self._secrets

    def check_master_key(self) -> None:
        """Check that the master key is the one that wrapped the people's keys.

        Raises:
            MasterKeyUnusable: if it is another one, or none.
        """
        known = self.vault.master_key_ids
        for key in (PersonKey, InstallationKey):
            foreign = select(key.master_key_id).where(key.master_key_id.not_in(known))
            if db.session.scalar(foreign.limit(1)):
                raise MasterKeyUnusable(
                    f"{self._settings.master_key_file} is not the key that this database was "
                    "encrypted with; bring back the right file"
                )

    def check_master_key_in_force(self) -> None:
        """Check in the running transaction that no other machine changed the master key.

        Raises:
            MasterKeyUnusable: if one did: what the old key wraps ends with it.
        """
        in_force = select(InstallationKey.master_key_id).where(InstallationKey.id == ONLY_ROW)
        if db.session.scalar(in_force) not in self.vault.master_key_ids:
            raise MasterKeyUnusable(
                "the master key was changed on another machine; bring it to this one as "
                f"{self._settings.master_key_file}, or as the settings name it there"
            )


def key_store() -> KeyStore:
    """Return the keys of the current app."""
    store: KeyStore = current_app.extensions[NAME]
    return store
