"""The active model of this process: its engine and its gallery.

The newest choice in the database says which model serves; without one the setting does. An engine
takes a second to load, when it is first used or before by `sync_engines`, never when the app is
imported. What runs in one app context, a request or a look for background work, keeps the
model that it began with: a decision is never made across two.
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
    """Enrolled pictures have no embedding by the model that serves; the text says what to do."""


@dataclass(frozen=True)
class ModelRef:
    """A model by its name, and by the id that it had when it was chosen; None for any."""

    name: str
    model_id: str | None = None

    def matches(self, engine: Engine) -> bool:
        """Whether an engine is of the model that was chosen."""
        return engine.name == self.name and self.model_id in {None, engine.model_id}


class ActiveModel:
    """The engines of one app, and which of them serves.

    Attributes:
        settings: the app's.
        galleries: the anchors of the engines' models.
    """

    def __init__(self, settings: Settings, galleries: GalleryRegistry, *engines: Engine) -> None:
        self.settings = settings
        self.galleries = galleries
        self._loading = RLock()
        self._engines = engines
        self._calibrations: dict[str, Calibration | None] = {}

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
        self.galleries.unload_except(engine.model_id for engine in self._engines)

    @property
    def gallery(self) -> Gallery:
        """The anchors of the active model."""
        return self.gallery_of(self.engine)

    def gallery_of(self, engine: Engine) -> Gallery:
        """Return the anchors of a model."""
        return self.galleries.of(engine.model_id, engine.embedding_size)

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

    def warm_up(self) -> None:
        """Get ready to answer: embeddings checked, the network run once."""
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
                f"{choice.name} is installed as {engine.model_id}, but {choice.model_id} was "
                f"chosen to serve; run: flask --app wsgi models use {choice.name} --reason WHY"
            )
        log.info("%s computes on %s", engine.model_id, engine.embedder.provider)
        self._engines = (*self._engines, engine)
        return engine


def active_model() -> ActiveModel:
    """Return the model that serves the current app."""
    model: ActiveModel = current_app.extensions[NAME]
    return model
