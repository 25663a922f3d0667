"""Endpoints that verify, identify, compare and detect faces."""

from __future__ import annotations

from typing import Any

from webapp.api.auth import current_key
from webapp.api.blueprint import Blueprint
from webapp.api.schemas.faces import (
    ClaimSchema,
    ComparisonSchema,
    DetectionSchema,
    IdentificationSchema,
    IdentifyQuerySchema,
    OnePictureSchema,
    PairSchema,
    VerificationSchema,
)
from webapp.db.models import Scope
from webapp.services.matching import comparison, detection, identification, verification
from webapp.services.matching.comparison import PictureComparison
from webapp.services.matching.decision import MatchDecision
from webapp.services.matching.detection import Detection
from webapp.web.current_user import current_actor
from webapp.web.limits.load_shedding import limits_concurrency
from webapp.web.limits.request_bounds import ENCODED_PICTURE_BODY, takes

blueprint = Blueprint("faces", "Faces")


def for_key(decision: MatchDecision) -> MatchDecision:
    """Return the decision, redacted unless the key has the scope read."""
    return decision.for_reader(in_detail=current_key().may(Scope.READ))


@blueprint.call("/verify", "POST", Scope.VERIFY)
@blueprint.idempotent(200, VerificationSchema, lambda decision, _path: decision.concerns)
@blueprint.takes(ClaimSchema)
@limits_concurrency
@takes()
def verify(claim: dict[str, Any]) -> MatchDecision:
    """Verify a claimed identity (1:1) against every stored photo of that person.

    Refused where a liveness challenge is required: use the challenges. An unknown identifier gets
    the same answer as a failed match. Only keys with the scope read receive `details`; for other
    keys the score is a whole number.
    """
    return for_key(verification.verify(claim["identifier"], claim["pictures"], current_actor()))


@blueprint.call("/identify", "POST", Scope.VERIFY, Scope.READ)
@blueprint.takes(IdentifyQuerySchema)
@blueprint.response(200, IdentificationSchema)
@limits_concurrency
@takes()
def identify(query: dict[str, Any]) -> MatchDecision:
    """Identify a face (1:N) among everybody enrolled.

    Identification has its own threshold. It keeps the share of strangers identified as somebody
    constant, and therefore rises with the number of people.
    """
    return identification.identify(query["pictures"], current_actor(), query["top"])


@blueprint.call("/compare", "POST", Scope.VERIFY)
@blueprint.takes(PairSchema)
@blueprint.response(200, ComparisonSchema)
@limits_concurrency
@takes()
def compare(pair: dict[str, Any]) -> PictureComparison:
    """Compare two pictures; nothing is stored."""
    return comparison.compare(pair["first"], pair["second"], current_actor())


@blueprint.call("/detect", "POST", Scope.VERIFY)
@blueprint.takes(OnePictureSchema)
@blueprint.response(200, DetectionSchema)
@limits_concurrency
@takes(ENCODED_PICTURE_BODY)
def detect(sent: dict[str, Any]) -> Detection:
    """Detect all faces in a picture, and assess the main one; nothing is stored."""
    return detection.detect(sent["picture"], current_actor())
