"""What serves faces in this process: the vault, and engine and gallery of the model that serves.

The newest choice in the database says which model serves; without one the setting does. An engine
takes a second to load, when it is first used or before by `sync_engines`, never when the app is
imported. What runs in one app context, a request or a look for background work, keeps the
model that it began with: a decision is never made across two.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
from flask import current_app, g
from sqlalchemy import select

import ml
from ml import ArtifactError, Calibration, ModelBroken
from webapp.crypto.master_key import MasterKeys, Stamp
from webapp.crypto.vault import InstallationSecrets, MasterKeyUnusable, Vault
from webapp.db.deferred_writes import Unwritten
from webapp.db.engine import db
from webapp.db.models import InstallationKey, ModelChange, PersonKey
from webapp.db.models.installation import ONLY_ROW
from webapp.errors.models import ModelChangedMeanwhile
from webapp.gallery.base import Gallery, count_unembedded
from webapp.gallery.memory import MemoryGallery
from webapp.gallery.pgvector.embedding_rotation import secret_rotation
from webapp.gallery.pgvector.gallery import VectorGallery
from webapp.inference.face_slots import FaceSlots
from webapp.inference.processor_time import Work
from webapp.settings import Settings

if TYPE_CHECKING:
    from ml import Engine

NAME = "recognition"
_NEWEST = (
    select(ModelChange.name, ModelChange.model_id).order_by(ModelChange.number.desc()).limit(1)
)


class EmbeddingsMissing(ArtifactError):
    """Enrolled pictures have no embedding by the model that serves; the text says what to do."""


@dataclass(frozen=True)
class ModelRef:
    """A model by its name, and by the id that it had when it was chosen; None for any."""

    name: str
    model_id: str | None = None

    def matches(self, engine: Engine) -> bool:
        """Whether an engine is of the model that was chosen."""
        return engine.name == self.name and self.model_id in {None, engine.model_id}


class Recognition:
    """The engines, the vault and the galleries of one app.

    Attributes:
        settings: the app's.
        turns: at looking at faces.
        locked_since: when another program was first seen to write, by the monotonic clock; None
            where none does.
        unwritten: what is still to be written of reads.
        work: processor time that networks of clients use.
        awaited: the gallery that is read since the start; until it is, the process is not ready.
        key_ring_failed: whether this process could not write the key ring when it last tried.
    """

    def __init__(self, settings: Settings, *engines: Engine) -> None:
        self.settings = settings
        self.face_slots = FaceSlots(
            settings.faces_at_once, settings.faces_waiting, settings.faces_patience
        )
        self.unwritten = Unwritten()
        self.work = Work(settings.faces_at_once, settings.work_share)
        self._lock = RLock()
        self._loading = RLock()
        self._engines = engines
        self._master_keys = MasterKeys(settings)
        self._vault: tuple[Stamp, Vault] | None = None
        self._secrets: InstallationSecrets | None = None
        self._galleries: dict[str, Gallery] = {}
        self.awaited: Gallery | None = None
        self.locked_since: float | None = None
        self.key_ring_failed = False
        self._turns: dict[str, np.ndarray] = {}
        self._calibrations: dict[str, Calibration | None] = {}

    def locked_for(self) -> timedelta:
        """Return for how long another program has been writing, which is seen just now."""
        now = time.monotonic()
        self.locked_since = self.locked_since or now
        return timedelta(seconds=now - self.locked_since)

    @property
    def choice(self) -> ModelRef:
        """Which model is to serve, as of the running transaction."""
        newest = db.session.connection().execute(_NEWEST).one_or_none()
        return ModelRef(*newest) if newest else ModelRef(self.settings.model)

    @property
    def engine(self) -> Engine:
        """The model that serves; the same one for as long as the app context lasts.

        Raises:
            ml.ArtifactError: if it cannot be used.
        """
        if "engine" not in g:
            g.engine = self.load(self.choice)
        return g.engine

    @property
    def model_id(self) -> str:
        """The id of the model to serve, which need not be loaded for it.

        Raises:
            ml.ArtifactError: if there is no such model.
        """
        choice = self.choice
        engine = self._loaded(choice)
        if engine:
            return engine.model_id
        return choice.model_id or ml.load_artifact(choice.name, self.settings.artifacts).model_id

    def check_still_serving(self) -> None:
        """Check in the running transaction that the context's model is still the one to serve.

        Raises:
            ModelChangedMeanwhile: if another one is; what the context computed is of no use to it.
        """
        if not self.choice.matches(self.engine):
            raise ModelChangedMeanwhile

    def refresh(self) -> None:
        """Go on in this context with the model that serves now."""
        g.pop("engine", None)

    def load(self, choice: ModelRef) -> Engine:
        """The engine of a model, loaded once; seconds, in which loaded ones go on serving.

        Raises:
            ml.ArtifactError: if it cannot be used, or is no longer the model that was chosen.
        """
        engine = self._loaded(choice)
        if engine:
            return engine
        with self._loading:
            return self._loaded(choice) or self._load(choice)

    def get_ready(self, choice: ModelRef) -> Engine:
        """Load a model, run its network once and read its gallery, so that no request waits."""
        engine = self._loaded(choice)
        if engine is None:
            engine = self.load(choice)
            engine.warm_up()
            self.gallery_of(engine).refresh()
        return engine

    def unload_except(self, kept: Iterable[Engine]) -> None:
        """Free the memory of models that no longer serve; requests at work finish with theirs."""
        with self._loading:
            self._engines = tuple(kept)
        with self._lock:
            ids = {engine.model_id for engine in self._engines}
            self._galleries = {key: self._galleries[key] for key in self._galleries.keys() & ids}

    @property
    def vault(self) -> Vault:
        """The keys, as the files hold them now: a rotation is followed at once.

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
        """What is derived from the installation's own key.

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

    @property
    def gallery(self) -> Gallery:
        """The anchors of the model that serves."""
        return self.gallery_of(self.engine)

    def gallery_of(self, engine: Engine) -> Gallery:
        """The anchors of a model."""
        with self._lock:
            if engine.model_id not in self._galleries:
                self._galleries[engine.model_id] = self._new_gallery(engine)
            return self._galleries[engine.model_id]

    def rotation(self, model_id: str, size: int) -> np.ndarray:
        """The secret turn of a model's embeddings, float64 (size, size).

        Raises:
            MasterKeyUnusable, SealBroken: as `secrets`.
        """
        if model_id not in self._turns:
            self._turns[model_id] = secret_rotation(self.secrets, model_id, size)
        return self._turns[model_id]

    def calibration_of(self, model_id: str) -> Calibration | None:
        """What a model's similarities mean, None where it is no longer installed as it was."""
        engine = next((one for one in self._engines if one.model_id == model_id), None)
        if engine:
            return engine.calibration
        if model_id not in self._calibrations:
            self._calibrations[model_id] = self._installed_calibration(model_id)
        return self._calibrations[model_id]

    def check_model(self) -> None:
        """Check that the model to serve can be used, without waiting for it to be loaded.

        Raises:
            ml.ArtifactError: if it cannot.
        """
        engine = self._loaded(self.choice)
        if engine:
            _ = engine.calibration
            return
        artifact = ml.load_artifact(self.choice.name, self.settings.artifacts)
        ml.check_files(artifact)

    def check_embeddings(self) -> None:
        """Check that every picture in use has an embedding by the model to serve.

        Raises:
            EmbeddingsMissing: if any lacks it; the text says what to do.
            ml.ArtifactError: if there is no such model.
        """
        model_id = self.model_id
        missing = count_unembedded(model_id)
        if missing:
            raise EmbeddingsMissing(
                f"{missing} enrolled pictures have no embedding by {model_id}, the model to serve; "
                "run: flask --app wsgi models reembed"
            )

    def check_master_key(self) -> None:
        """Check that the master key is the one that the people's keys were wrapped with.

        Raises:
            MasterKeyUnusable: if it is another one, or none.
        """
        known = self.vault.master_key_ids
        for key in (PersonKey, InstallationKey):
            foreign = select(key.master_key_id).where(key.master_key_id.not_in(known))
            if db.session.scalar(foreign.limit(1)):
                raise MasterKeyUnusable(
                    f"{self.settings.master_key_file} is not the key that this database was "
                    "encrypted with; bring back the right file"
                )

    def check_master_key_in_force(self) -> None:
        """Check in the running transaction that no machine changed the master key but for this one.

        Raises:
            MasterKeyUnusable: if one did: what is wrapped by the old key ends with it.
        """
        in_force = select(InstallationKey.master_key_id).where(InstallationKey.id == ONLY_ROW)
        if db.session.scalar(in_force) not in self.vault.master_key_ids:
            raise MasterKeyUnusable(
                "the master key was changed on another machine; bring it to this one as "
                f"{self.settings.master_key_file}, or as the settings name it there"
            )

    def warm_up(self) -> None:
        """Get ready to answer: keys and embeddings checked, the network run once."""
        self.check_master_key()
        self.engine.warm_up()
        self.check_embeddings()
        db.session.rollback()

    def _new_gallery(self, engine: Engine) -> Gallery:
        model_id, size = engine.model_id, engine.embedding_size
        if self.settings.vectors_in_database:
            return VectorGallery(model_id, size, lambda: self.rotation(model_id, size))
        return MemoryGallery(model_id, size, lambda: self.vault)

    def _installed_calibration(self, model_id: str) -> Calibration | None:
        name = model_id.rpartition("-")[0]
        try:
            artifact = ml.load_artifact(name, self.settings.artifacts)
            return ml.load_calibration(artifact.folder, model_id)
        except ArtifactError:
            return None

    def _loaded(self, choice: ModelRef) -> Engine | None:
        return next((engine for engine in self._engines if choice.matches(engine)), None)

    def _load(self, choice: ModelRef) -> Engine:
        engine = ml.load_engine(choice.name, self.settings.artifacts)
        if not choice.matches(engine):
            raise ModelBroken(
                f"{choice.name} is installed as {engine.model_id}, but {choice.model_id} was "
                f"chosen to serve; run: flask --app wsgi models use {choice.name} --reason WHY"
            )
        self._engines = (*self._engines, engine)
        return engine


def recognition() -> Recognition:
    """That of the current app."""
    return current_app.extensions[NAME]
