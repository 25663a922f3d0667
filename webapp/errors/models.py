"""Errors of models, embeddings and the vector index."""

from __future__ import annotations

from webapp.errors.base import ExplainedError, ServiceError


class PictureNotComparable(ServiceError):
    """The active model found no face in the photo, so it has no embedding."""

    code = "picture_not_comparable"


class ModelChangedMeanwhile(ServiceError):
    """The active model has changed since the work began."""

    code = "model_changed_meanwhile"


class PicturesNotEmbedded(ServiceError):
    """The model cannot be activated: enabled photos have no embedding by it."""

    code = "pictures_not_embedded"


class PicturesUnusable(ServiceError):
    """The model cannot be activated: it finds no face in some of the enabled photos."""

    code = "pictures_unusable"


class LicenceNotAccepted(ServiceError):
    """The model's licence restricts its use and was not acknowledged."""

    code = "licence_not_accepted"

    def __init__(self, licence: str) -> None:
        super().__init__(licence=licence)


class VectorsImpossible(ExplainedError):
    """The database cannot compare embeddings; the message gives the reason and the next step."""

    code = "vectors_impossible"
