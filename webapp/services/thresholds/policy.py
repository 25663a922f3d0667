"""All settings that decide a match, read together and changed one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webapp.core.actor import Actor
from webapp.db.transactions import one_transaction
from webapp.inference.active_model import active_model
from webapp.services.thresholds import identification, per_person
from webapp.services.thresholds import verification as thresholds
from webapp.services.thresholds.identification import IdentificationPolicy
from webapp.services.thresholds.per_person import PersonThreshold


@dataclass(frozen=True)
class VerificationInForce:
    """The verification threshold in force, and the number of the change that set it."""

    score: float
    similarity: float
    rule: str
    number: int


@dataclass(frozen=True)
class SearchInForce:
    """The identification policy in force, and the number of the change that set it."""

    fpir: float
    margin: float
    number: int


@dataclass(frozen=True)
class MatchPolicy:
    """Settings that decide a match with the active model; `rules` lists the available rules."""

    model_id: str
    rules: tuple[str, ...]
    verification: VerificationInForce
    search: SearchInForce


def change_verification(
    score: float,
    reason: str,
    actor: Actor,
    based_on: int | None,
    rule: str | None,
    *,
    confirmed: bool,
) -> MatchPolicy:
    """Change the common verification threshold, and return the settings in force.

    Raises:
        ConfirmationNeeded: if the threshold is dangerous and not confirmed.
        SettingConflict: if the change in force is not `based_on`.
    """
    with one_transaction():
        thresholds.change(score, reason, actor, based_on, rule, confirmed=confirmed)
        return in_force()


def change_search(
    search: IdentificationPolicy,
    reason: str,
    actor: Actor,
    based_on: int | None,
    *,
    confirmed: bool,
) -> MatchPolicy:
    """Change the identification policy, and return the settings in force.

    Raises:
        ConfirmationNeeded: if the policy is dangerous and not confirmed.
        SettingConflict: if the change in force is not `based_on`.
    """
    with one_transaction():
        identification.change(search, reason, actor, based_on, confirmed=confirmed)
        return in_force()


def change_of_person(
    person_id: UUID,
    points: float,
    reason: str,
    actor: Actor,
    based_on: int | None,
    *,
    confirmed: bool,
) -> PersonThreshold:
    """Change one person's threshold, and return it.

    Raises:
        UnknownPerson, PointsOutOfRange, SettingConflict, ConfirmationNeeded: as
            `per_person.change`.
    """
    with one_transaction():
        per_person.change(person_id, points, reason, actor, based_on, confirmed=confirmed)
        return per_person.of_person(person_id)


def in_force() -> MatchPolicy:
    """Return the settings in force."""
    threshold, search = thresholds.in_force(), identification.in_force()
    return MatchPolicy(
        model_id=active_model().engine.model_id,
        rules=thresholds.rules(),
        verification=VerificationInForce(
            threshold.score, threshold.similarity, threshold.rule, thresholds.newest_number()
        ),
        search=SearchInForce(search.fpir, search.margin, identification.newest_number()),
    )
