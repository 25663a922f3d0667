"""The active model of this process: its engine and its gallery.

The newest choice in the database names the active model; without one the setting MODEL does. An
engine takes a second to load, on first use or earlier by `sync_engines`, never at import. An app
context (a request, or one poll of background work) keeps the engine that it began with, so that no
decision mixes two models.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

from flask import current_app, g
from sqlalchemy import select

import ml
from ml import ArtifactError, Calibration, ModelBroken
from webapp.db.engine import db
from webapp.db.models import ModelChange
from webapp.errors.models import ModelChangedMeanwhile
from webapp.gallery.base import Gallery, count_unembedded
from webapp.gallery.registry import GalleryRegistry
from webapp.settings import Settings

if TYPE_CHECKING:
    from ml import Engine

log = logging.getLogger("webapp.inference.active_model")
NAME = "active_model"
_NEWEST = (
    select(ModelChange.name, ModelChange.model_id).order_by(ModelChange.number.desc()).limit(1)
)


class EmbeddingsMissing(ArtifactError):
    """Enrolled photos have no embedding by the active model; the message has the remedy."""


@dataclass(frozen=True)
class ModelRef:
    """A model by its name, and its id at the time of the choice; None matches any id."""

    name: str
    model_id: str | None = None

    def matches(self, engine: Engine) -> bool:
        """Return whether an engine runs this model."""
        return engine.name == self.name and self.model_id in {None, engine.model_id}


class ActiveModel:
    """The loaded engines of one app, and the choice between them.

    Attributes:
        settings: the settings of the app.
        galleries: the galleries of the engines' models.
    """

    def __init__(self, settings: Settings, galleries: GalleryRegistry, *engines: Engine) -> None:
        self.settings = settings
        self.galleries = galleries
        self._loading = RLock()
        self._engines = engines
        self._calibrations: dict[str, Calibration | None] = {}

    @property
    def choice(self) -> ModelRef:
        """The chosen model, as of the running transaction."""
        newest = db.session.connection().execute(_NEWEST).one_or_none()
        return ModelRef(*newest) if newest else ModelRef(self.settings.model)

    @property
    def engine(self) -> Engine:
        """The active engine, the same one for the whole app context.

        Raises:
            ml.ArtifactError: if the model cannot be loaded.
        """
        if "engine" not in g:
            g.engine = self.load(self.choice)
        engine: Engine = g.engine
        return engine

    @property
    def model_id(self) -> str:
        """The id of the chosen model; it need not be loaded.

        Raises:
            ml.ArtifactError: if the model is not installed.
        """
        choice = self.choice
        engine = self._loaded(choice)
        if engine:
            return engine.model_id
        return choice.model_id or ml.load_artifact(choice.name, self.settings.artifacts).model_id

    def check_still_active(self) -> None:
        """Check in the running transaction that the engine of this context is still active.

        Raises:
            ModelChangedMeanwhile: if another model is; it cannot use embeddings of this context.
        """
        if not self.choice.matches(self.engine):
            raise ModelChangedMeanwhile

    def refresh(self) -> None:
        """Use the newest choice for the rest of this app context."""
        g.pop("engine", None)

    def load(self, choice: ModelRef) -> Engine:
        """Return the engine of a model; load it once, in seconds, without blocking loaded ones.

        Raises:
            ml.ArtifactError: if it cannot be loaded, or its id differs from the chosen one.
        """
        engine = self._loaded(choice)
        if engine:
            return engine
        with self._loading:
            return self._loaded(choice) or self._load(choice)

    def preload(self, choice: ModelRef) -> Engine:
        """Load a model, warm up its network and load its gallery, so that no request waits."""
        engine = self._loaded(choice)
        if engine is None:
            engine = self.load(choice)
            engine.warm_up()
            self.gallery_of(engine).refresh()
        return engine

    def unload_except(self, kept: Iterable[Engine]) -> None:
        """Release all other engines and galleries; running requests finish with theirs."""
        with self._loading:
            self._engines = tuple(kept)
        self.galleries.unload_except(engine.model_id for engine in self._engines)

    @property
    def gallery(self) -> Gallery:
        """The gallery of the active model."""
        return self.gallery_of(self.engine)

    def gallery_of(self, engine: Engine) -> Gallery:
        """Return the gallery of a model."""
        return self.galleries.of(
            engine.model_id, engine.embedding_size, engine.calibration.normaliser
        )

    def calibration_of(self, model_id: str) -> Calibration | None:
        """Return the calibration of a model, None if the model is not installed with this id."""
        engine = next((one for one in self._engines if one.model_id == model_id), None)
        if engine:
            return engine.calibration
        if model_id not in self._calibrations:
            self._calibrations[model_id] = self._installed_calibration(model_id)
        return self._calibrations[model_id]

    def check_model(self) -> None:
        """Check that the chosen model is usable, without loading it.

        Raises:
            ml.ArtifactError: if it is not.
        """
        engine = self._loaded(self.choice)
        if engine:
            _ = engine.calibration
            return
        artifact = ml.load_artifact(self.choice.name, self.settings.artifacts)
        ml.check_files(artifact)

    def check_embeddings(self) -> None:
        """Check that every enabled photo has an embedding by the chosen model.

        Raises:
            EmbeddingsMissing: if one has none; the message has the remedy.
            ml.ArtifactError: if the model is not installed.
        """
        model_id = self.model_id
        missing = count_unembedded(model_id)
        if missing:
            raise EmbeddingsMissing(
                f"{missing} enrolled photos have no embedding by the chosen model {model_id}. "
                "Run: flask --app wsgi models reembed"
            )

    def warm_up(self) -> None:
        """Warm up the network of the active model, and check the embeddings."""
        self.engine.warm_up()
        self.check_embeddings()
        db.session.rollback()

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
        settings = self.settings
        engine = ml.load_engine(choice.name, settings.artifacts, settings.onnx_provider)
        if not choice.matches(engine):
            raise ModelBroken(
                f"{choice.name} is installed as {engine.model_id}, but {choice.model_id} is the "
                f"chosen model. Run: flask --app wsgi models use {choice.name} --reason WHY"
            )
        log.info("%s computes on %s", engine.model_id, engine.embedder.provider)
        self._engines = (*self._engines, engine)
        return engine


def active_model() -> ActiveModel:
    """Return the active model of the current app."""
    model: ActiveModel = current_app.extensions[NAME]
    return model
