"""Challenges: whoever is to be verified shows that they are there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import url_for

from webapp.api.auth import current_key
from webapp.api.blueprint import Blueprint
from webapp.api.faces import told
from webapp.api.schemas.challenges import (
    AskedSchema,
    ChallengeClaimSchema,
    ChallengeSchema,
    FrameSchema,
)
from webapp.api.schemas.faces import VerificationSchema
from webapp.db.models import Scope
from webapp.messages import ask_for
from webapp.services.liveness import challenges
from webapp.services.liveness.prompts import Prompt
from webapp.services.matching import verification
from webapp.services.matching.decision import MatchDecision
from webapp.web.limits.load_shedding import limits_concurrency
from webapp.web.limits.request_bounds import FRAME_BODY, takes

blueprint = Blueprint("challenges", "Challenges")


def _holder() -> str:
    return f"key {current_key().id}"


def _in_words(asked: Prompt) -> dict[str, object]:
    return {
        "frame": asked.frame,
        "step": asked.step,
        "of": asked.of,
        "instruction": asked.instruction,
        "message": ask_for(asked.instruction, asked.hint),
        "share": asked.share,
        "hint": asked.hint,
        "light": asked.light,
    }


@blueprint.call("/challenges", "POST", Scope.VERIFY)
@blueprint.repeatable(201, ChallengeSchema, lambda _begun, _path: None)
@blueprint.arguments(ChallengeClaimSchema)
def begin(claim: dict[str, Any]) -> tuple[dict[str, object], int, dict[str, str]]:
    """Begin a challenge, where movements are asked for before a verification.

    An identifier that nobody has is answered like any other.
    """
    begun = challenges.begin(claim["identifier"], _holder())
    answer = {"id": begun.id, "seconds": begun.seconds, "asked": _in_words(begun.asked)}
    location = url_for("api_challenges.see", challenge_id=begun.id)
    return answer, 201, {"Location": location}


@blueprint.call("/challenges/<uuid:challenge_id>/frames", "POST", Scope.VERIFY)
@blueprint.takes(FrameSchema)
@blueprint.response(200, AskedSchema)
@limits_concurrency
@takes(FRAME_BODY)
def see(frame: dict[str, Any], challenge_id: UUID) -> dict[str, object]:
    """Send the next frame, after the answer to the one before; learn what is asked for now."""
    return _in_words(challenges.see(challenge_id, _holder(), frame["number"], frame["picture"]))


@blueprint.call("/challenges/<uuid:challenge_id>/verdict", "POST", Scope.VERIFY)
@blueprint.repeatable(200, VerificationSchema, lambda decision, _path: decision.concerns)
@blueprint.arguments(ChallengeClaimSchema)
def judge(claim: dict[str, Any], challenge_id: UUID) -> MatchDecision:
    """Judge a challenge, once; if it was passed, compare who passed it with whom they claim to be.

    One that was not passed is the problem `challenge_failed`, which never says why.
    """
    return told(verification.verify_by_challenge(challenge_id, _holder(), claim["identifier"]))
