"""What serves faces in this process: the engine, the vault and the gallery, each made once.

The engine brings TensorFlow and is loaded when it is first asked for, never by importing the app.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import select

import ml
from webapp.config import Settings
from webapp.extensions import db
from webapp.gallery import Gallery
from webapp.models import PersonKey
from webapp.vault import MasterKeyUnusable, Vault, read_master_key

if TYPE_CHECKING:
    from ml import Engine

NAME = "recognition"


class Recognition:
    """The engine, the vault and the gallery of one app."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self.settings = settings
        self._lock = RLock()
        self._engine = engine
        self._vault: Vault | None = None
        self._gallery: Gallery | None = None

    @property
    def engine(self) -> Engine:
        """The model that serves.

        Raises:
            ml.ArtifactError: if it cannot be used.
        """
        with self._lock:
            if self._engine is None:
                self._engine = ml.load_engine(self.settings.model)
            return self._engine

    @property
    def vault(self) -> Vault:
        """The keys.

        Raises:
            MasterKeyUnusable: if there is no usable master key.
        """
        with self._lock:
            if self._vault is None:
                self._vault = Vault(read_master_key(self.settings.master_key_file))
            return self._vault

    @property
    def gallery(self) -> Gallery:
        """The anchors of the model that serves."""
        with self._lock:
            if self._gallery is None:
                engine = self.engine
                self._gallery = Gallery(engine.model_id, engine.embedding_size, self.vault)
            return self._gallery

    def check_master_key(self) -> None:
        """Check that the master key is the one that the people's keys were wrapped with.

        Raises:
            MasterKeyUnusable: if it is another one, or none.
        """
        foreign = PersonKey.master_key_id != self.vault.master_key_id
        if db.session.scalar(select(PersonKey.person_id).where(foreign).limit(1)):
            raise MasterKeyUnusable(
                f"{self.settings.master_key_file} is not the key that this database was encrypted "
                "with; bring back the right file"
            )

    def warm_up(self) -> None:
        """Get ready to answer: keys checked, network traced, gallery loaded."""
        self.check_master_key()
        self.engine.warm_up()
        self.gallery.follow()
        db.session.rollback()


def recognition() -> Recognition:
    """That of the current app."""
    return current_app.extensions[NAME]
