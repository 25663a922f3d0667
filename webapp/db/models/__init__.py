"""The tables, one module for each subject."""

from webapp.core.clock import now
from webapp.db.models.account import (
    Account,
    AccountSession,
    KnownBrowser,
    PendingSignIn,
    RecoveryCode,
    Role,
    SetupToken,
)
from webapp.db.models.api_key import ApiKey, IdempotencyRecord, Scope
from webapp.db.models.attempt import Attempt, Kind, Refusal
from webapp.db.models.audit import AuditEntry, AuditHead
from webapp.db.models.changes import (
    IdentificationChange,
    ModelChange,
    PersonThresholdChange,
    ThresholdChange,
)
from webapp.db.models.columns import Model
from webapp.db.models.installation import InstallationKey
from webapp.db.models.job import Job, JobState
from webapp.db.models.limits import FailureCount, RateLimitWindow
from webapp.db.models.liveness import (
    Challenge,
    ChallengeFrame,
    ChallengeResult,
    ChallengeScope,
    LivenessChange,
    Outcome,
    Purpose,
)
from webapp.db.models.page_result import PageResult, ResultKind
from webapp.db.models.person import (
    Anchor,
    AnchorEmbedding,
    GalleryChange,
    GalleryVersion,
    OwnLink,
    Person,
    PersonKey,
)

__all__ = [
    "Account",
    "AccountSession",
    "Anchor",
    "AnchorEmbedding",
    "ApiKey",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "Challenge",
    "ChallengeFrame",
    "ChallengeResult",
    "ChallengeScope",
    "FailureCount",
    "GalleryChange",
    "GalleryVersion",
    "IdempotencyRecord",
    "IdentificationChange",
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
    "RateLimitWindow",
    "RecoveryCode",
    "Refusal",
    "ResultKind",
    "Role",
    "Scope",
    "SetupToken",
    "ThresholdChange",
    "now",
]
