"""The tables, one file a subject."""

from webapp.models.account import Account, Role, SetupToken
from webapp.models.attempt import Attempt, Kind
from webapp.models.columns import Model, now
from webapp.models.person import Anchor, AnchorEmbedding, GalleryVersion, Person, PersonKey
from webapp.models.threshold import ThresholdChange

__all__ = [
    "Account",
    "Anchor",
    "AnchorEmbedding",
    "Attempt",
    "GalleryVersion",
    "Kind",
    "Model",
    "Person",
    "PersonKey",
    "Role",
    "SetupToken",
    "ThresholdChange",
    "now",
]
