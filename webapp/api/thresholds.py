"""Endpoints that read thresholds, and change them with a reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from webapp.api.blueprint import Blueprint
from webapp.api.schemas.thresholds import (
    PersonThresholdChangeSchema,
    PersonThresholdSchema,
    SearchThresholdChangeSchema,
    ThresholdsSchema,
    VerificationThresholdChangeSchema,
)
from webapp.db.models import Scope
from webapp.services.thresholds import per_person, policy
from webapp.services.thresholds.identification import IdentificationPolicy
from webapp.services.thresholds.per_person import PersonThreshold
from webapp.services.thresholds.policy import MatchPolicy
from webapp.web.current_user import current_actor

blueprint = Blueprint("thresholds", "Thresholds")


def _about_nobody(_answer: object, _path: object) -> None:
    return None


@blueprint.call("/thresholds", "GET", Scope.READ)
@blueprint.response(200, ThresholdsSchema)
def show() -> MatchPolicy:
    """Return the settings that decide a match now."""
    return policy.in_force()


@blueprint.call("/thresholds/verification", "PUT", Scope.ADMIN)
@blueprint.idempotent(200, ThresholdsSchema, _about_nobody)
@blueprint.arguments(VerificationThresholdChangeSchema)
def set_verification(change: dict[str, Any]) -> MatchPolicy:
    """Set the common threshold of verifications (1:1)."""
    return policy.change_verification(
        change["score"],
        change["reason"],
        current_actor(),
        change["based_on"],
        change["rule"],
        confirmed=change["confirm"],
    )


@blueprint.call("/thresholds/search", "PUT", Scope.ADMIN)
@blueprint.idempotent(200, ThresholdsSchema, _about_nobody)
@blueprint.arguments(SearchThresholdChangeSchema)
def set_search(change: dict[str, Any]) -> MatchPolicy:
    """Set the false positive rate and the margin of identifications (1:N)."""
    search = IdentificationPolicy(change["fpir"], change["margin"])
    return policy.change_search(
        search,
        change["reason"],
        current_actor(),
        change["based_on"],
        confirmed=change["confirm"],
    )


@blueprint.call("/people/<uuid:person_id>/threshold", "GET", Scope.READ)
@blueprint.response(200, PersonThresholdSchema)
def of_person(person_id: UUID) -> PersonThreshold:
    """Return the threshold of one person in verifications."""
    return per_person.of_person(person_id)


@blueprint.call("/people/<uuid:person_id>/threshold", "PUT", Scope.ADMIN)
@blueprint.idempotent(200, PersonThresholdSchema, lambda _set, path: path["person_id"])
@blueprint.arguments(PersonThresholdChangeSchema)
def set_of_person(change: dict[str, Any], person_id: UUID) -> PersonThreshold:
    """Set one person's threshold above the common one, in score points."""
    return policy.change_of_person(
        person_id,
        change["points"],
        change["reason"],
        current_actor(),
        change["based_on"],
        confirmed=change["confirm"],
    )
