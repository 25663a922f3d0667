"""Errors of models, embeddings and the index over them."""

from __future__ import annotations

from webapp.errors.base import ExplainedError, ServiceError


class PictureNotComparable(ServiceError):
    """The model that serves found no face in a picture, so that it has no embedding."""

    code = "picture_not_comparable"


class ModelChangedMeanwhile(ServiceError):
    """Another model serves by now than the one that the work was done with."""

    code = "model_changed_meanwhile"


class PicturesNotEmbedded(ServiceError):
    """A model cannot serve: pictures in use have no embedding by it."""

    code = "pictures_not_embedded"


class PicturesUnusable(ServiceError):
    """A model cannot serve: it finds no face in some of the pictures in use."""

    code = "pictures_unusable"


class LicenceNotAccepted(ServiceError):
    """The model is not free for every use, and nobody acknowledged its licence."""

    code = "licence_not_accepted"

    def __init__(self, licence: str) -> None:
        super().__init__(licence=licence)


class VectorsImpossible(ExplainedError):
    """The database cannot compare embeddings; the text says why, and what to do."""

    code = "vectors_impossible"
