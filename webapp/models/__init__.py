"""The tables, one file a subject."""

from webapp.models.account import Account, Role, SetupToken
from webapp.models.attempt import Attempt, Kind, Refusal
from webapp.models.columns import Model, now
from webapp.models.job import Job, JobState
from webapp.models.person import Anchor, AnchorEmbedding, GalleryVersion, Person, PersonKey
from webapp.models.serving import ModelChange
from webapp.models.threshold import PersonThresholdChange, SearchChange, ThresholdChange

__all__ = [
    "Account",
    "Anchor",
    "AnchorEmbedding",
    "Attempt",
    "GalleryVersion",
    "Job",
    "JobState",
    "Kind",
    "Model",
    "ModelChange",
    "Person",
    "PersonKey",
    "PersonThresholdChange",
    "Refusal",
    "Role",
    "SearchChange",
    "SetupToken",
    "ThresholdChange",
    "now",
]
