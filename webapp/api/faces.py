"""Faces: verified, identified, compared, detected."""

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
from webapp.web.limits.load_shedding import limits_concurrency
from webapp.web.limits.request_bounds import ENCODED_PICTURE_BODY, takes

blueprint = Blueprint("faces", "Faces")


def told(decision: MatchDecision) -> MatchDecision:
    """What the key at hand may know of a decision."""
    return decision.for_reader(in_detail=current_key().may(Scope.READ))


@blueprint.call("/verify", "POST", Scope.VERIFY)
@blueprint.repeatable(200, VerificationSchema, lambda decision, _path: decision.concerns)
@blueprint.takes(ClaimSchema)
@limits_concurrency
@takes()
def verify(claim: dict[str, Any]) -> MatchDecision:
    """Is this the person they claim to be? 1:1, with every stored picture of that person.

    Refused where movements are asked for: see the challenges. An identifier that nobody has is
    answered like a failed match. Only keys with the scope read
    learn whom and what the face was compared with; for others the score is a whole number.
    """
    return told(verification.verify(claim["identifier"], claim["pictures"]))


@blueprint.call("/identify", "POST", Scope.VERIFY, Scope.READ)
@blueprint.takes(IdentifyQuerySchema)
@blueprint.response(200, IdentificationSchema)
@limits_concurrency
@takes()
def identify(asked: dict[str, Any]) -> MatchDecision:
    """Whose face is this? 1:N, among everybody.

    The threshold is a search's own: it keeps the share of strangers who are taken for anybody, and
    so rises with the number of people.
    """
    return identification.identify(asked["pictures"], None, asked["top"])


@blueprint.call("/compare", "POST", Scope.VERIFY)
@blueprint.takes(PairSchema)
@blueprint.response(200, ComparisonSchema)
@limits_concurrency
@takes()
def compare(pair: dict[str, Any]) -> PictureComparison:
    """Do two pictures show the same person? Nothing is stored."""
    return comparison.compare(pair["first"], pair["second"])


@blueprint.call("/detect", "POST", Scope.VERIFY)
@blueprint.takes(OnePictureSchema)
@blueprint.response(200, DetectionSchema)
@limits_concurrency
@takes(ENCODED_PICTURE_BODY)
def detect(sent: dict[str, Any]) -> Detection:
    """Which faces stand in a picture, where, and how usable is the main one? Nothing is stored."""
    return detection.detect(sent["picture"])
