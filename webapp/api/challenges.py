"""Endpoints for liveness challenges, which prove that a live head is there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import url_for

from webapp.api.auth import current_key
from webapp.api.blueprint import Blueprint
from webapp.api.faces import for_key
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
from webapp.web.current_user import current_actor
from webapp.web.limits.load_shedding import limits_concurrency
from webapp.web.limits.request_bounds import FRAME_BODY, takes

blueprint = Blueprint("challenges", "Challenges")


def _holder() -> str:
    return f"key {current_key().id}"


def _described(prompt: Prompt) -> dict[str, object]:
    return {
        "frame": prompt.frame,
        "step": prompt.step,
        "of": prompt.of,
        "instruction": prompt.instruction,
        "message": ask_for(prompt.instruction, prompt.hint),
        "share": prompt.share,
        "hint": prompt.hint,
        "light": prompt.light,
    }


@blueprint.call("/challenges", "POST", Scope.VERIFY)
@blueprint.idempotent(201, ChallengeSchema, lambda _started, _path: None)
@blueprint.arguments(ChallengeClaimSchema)
def begin(claim: dict[str, Any]) -> tuple[dict[str, object], int, dict[str, str]]:
    """Start a liveness challenge, where verification requires one.

    An unknown identifier gets the same answer as a known one.
    """
    started = challenges.begin(claim["identifier"], _holder(), current_actor())
    answer = {"id": started.id, "seconds": started.seconds, "asked": _described(started.asked)}
    location = url_for("api_challenges.see", challenge_id=started.id)
    return answer, 201, {"Location": location}


@blueprint.call("/challenges/<uuid:challenge_id>/frames", "POST", Scope.VERIFY)
@blueprint.takes(FrameSchema)
@blueprint.response(200, AskedSchema)
@limits_concurrency
@takes(FRAME_BODY)
def see(frame: dict[str, Any], challenge_id: UUID) -> dict[str, object]:
    """Send the next frame of a challenge, and get the next instruction.

    Wait for the answer to one frame before you send the next.
    """
    number, picture = frame["number"], frame["picture"]
    return _described(challenges.see(challenge_id, _holder(), number, picture, current_actor()))


@blueprint.call("/challenges/<uuid:challenge_id>/verdict", "POST", Scope.VERIFY)
@blueprint.idempotent(200, VerificationSchema, lambda decision, _path: decision.concerns)
@blueprint.arguments(ChallengeClaimSchema)
def judge(claim: dict[str, Any], challenge_id: UUID) -> MatchDecision:
    """Judge a challenge, once; if it was passed, verify the claimed identity.

    A failed challenge returns the problem `challenge_failed`, which never states the reason.
    """
    return for_key(
        verification.verify_by_challenge(
            challenge_id, _holder(), claim["identifier"], current_actor()
        )
    )
