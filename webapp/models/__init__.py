"""The tables, one file a subject."""

from webapp.clock import now
from webapp.models.account import (
    Account,
    AccountSession,
    KnownBrowser,
    PendingSignIn,
    RecoveryCode,
    Role,
    SetupToken,
)
from webapp.models.api import ApiKey, RememberedAnswer, Scope
from webapp.models.attempt import Attempt, Kind, Refusal
from webapp.models.audit import AuditEntry, AuditHead
from webapp.models.columns import Model
from webapp.models.installation import InstallationKey
from webapp.models.job import Job, JobState
from webapp.models.limits import AddressWindow, FailureCount
from webapp.models.liveness import (
    Challenge,
    ChallengeFrame,
    ChallengeResult,
    Guarded,
    LivenessChange,
    Outcome,
    Purpose,
)
from webapp.models.page_result import PageResult, Shown
from webapp.models.person import (
    Anchor,
    AnchorEmbedding,
    GalleryChange,
    GalleryVersion,
    OwnLink,
    Person,
    PersonKey,
)
from webapp.models.serving import ModelChange
from webapp.models.threshold import PersonThresholdChange, SearchChange, ThresholdChange

__all__ = [
    "Account",
    "AccountSession",
    "AddressWindow",
    "Anchor",
    "AnchorEmbedding",
    "ApiKey",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "Challenge",
    "ChallengeFrame",
    "ChallengeResult",
    "FailureCount",
    "GalleryChange",
    "GalleryVersion",
    "Guarded",
    "InstallationKey",
    "Job",
    "JobState",
    "Kind",
    "KnownBrowser",
    "LivenessChange",
    "Model",
    "ModelChange",
    "Outcome",
    "OwnLink",
    "PageResult",
    "PendingSignIn",
    "Person",
    "PersonKey",
    "PersonThresholdChange",
    "Purpose",
    "RecoveryCode",
    "Refusal",
    "RememberedAnswer",
    "Role",
    "Scope",
    "SearchChange",
    "SetupToken",
    "Shown",
    "ThresholdChange",
    "now",
]
