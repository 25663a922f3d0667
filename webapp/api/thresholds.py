"""Thresholds: read, and changed with a reason."""

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

blueprint = Blueprint("thresholds", "Thresholds")


def _of_nobody(_answer: object, _path: object) -> None:
    return None


@blueprint.call("/thresholds", "GET", Scope.READ)
@blueprint.response(200, ThresholdsSchema)
def show() -> MatchPolicy:
    """What decides a match now."""
    return policy.in_force()


@blueprint.call("/thresholds/verification", "PUT", Scope.ADMIN)
@blueprint.repeatable(200, ThresholdsSchema, _of_nobody)
@blueprint.arguments(VerificationThresholdChangeSchema)
def set_verification(wanted: dict[str, Any]) -> MatchPolicy:
    """Set everybody's threshold in a verification (1:1)."""
    return policy.change_verification(
        wanted["score"],
        wanted["reason"],
        wanted["based_on"],
        wanted["rule"],
        confirmed=wanted["confirm"],
    )


@blueprint.call("/thresholds/search", "PUT", Scope.ADMIN)
@blueprint.repeatable(200, ThresholdsSchema, _of_nobody)
@blueprint.arguments(SearchThresholdChangeSchema)
def set_search(wanted: dict[str, Any]) -> MatchPolicy:
    """Set how a search among everybody (1:N) decides: share of strangers, and margin in points."""
    search = IdentificationPolicy(wanted["fpir"], wanted["margin"])
    return policy.change_search(
        search, wanted["reason"], wanted["based_on"], confirmed=wanted["confirm"]
    )


@blueprint.call("/people/<uuid:person_id>/threshold", "GET", Scope.READ)
@blueprint.response(200, PersonThresholdSchema)
def of_person(person_id: UUID) -> PersonThreshold:
    """The threshold of one person in a verification."""
    return per_person.of_person(person_id)


@blueprint.call("/people/<uuid:person_id>/threshold", "PUT", Scope.ADMIN)
@blueprint.repeatable(200, PersonThresholdSchema, lambda _set, path: path["person_id"])
@blueprint.arguments(PersonThresholdChangeSchema)
def set_of_person(wanted: dict[str, Any], person_id: UUID) -> PersonThreshold:
    """Set one person's threshold apart from everybody's, by points of score."""
    return policy.change_of_person(
        person_id,
        wanted["points"],
        wanted["reason"],
        wanted["based_on"],
        confirmed=wanted["confirm"],
    )
