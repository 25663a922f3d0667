"""How a search among everybody (1:N) decides, how that changed, and changing it.

A stranger has as many chances as there are people. So a search is set by the share of strangers
who may be taken for anybody (FPIR), and its threshold follows from that at the present number of
people. Who is nearest must also lead the next person by a margin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from webapp.db.change_history import check_still_in_force, next_number, number_of
from webapp.db.engine import db
from webapp.db.models import IdentificationChange
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import Danger, SearchOutOfRange
from webapp.gallery.base import Summary
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.thresholds import dangers, verification
from webapp.services.thresholds.verification import HISTORY_LENGTH, Threshold


@dataclass(frozen=True)
class SearchBounds:
    """What a search may be set to: rates are shares of strangers, margins points of score."""

    least_fpir: float = 0.001
    most_fpir: float = 0.1
    most_margin: float = 50.0


@dataclass(frozen=True)
class IdentificationPolicy:
    """How a search decides.

    Attributes:
        fpir: the share of strangers who may be taken for somebody.
        margin: the points of score by which the nearest person must lead the next.
    """

    fpir: float = 0.01
    margin: float = 5.0


@dataclass(frozen=True)
class Change:
    """One change of how a search decides."""

    search: IdentificationPolicy
    previous: IdentificationPolicy
    reason: str
    created_at: datetime
    username: str | None


BOUNDS = SearchBounds()
DEFAULT = IdentificationPolicy()


def in_force() -> IdentificationPolicy:
    """How a search decides now."""
    newest = _newest()
    return IdentificationPolicy(newest.fpir, newest.margin) if newest else DEFAULT


def threshold(
    gallery: Summary, search: IdentificationPolicy | None = None, rule: str | None = None
) -> Threshold:
    """The threshold of a search among the people of a gallery.

    Args:
        gallery: how many they are.
        search: how the search decides; None for the way in force.
        rule: the matching rule; None for the one in force.
    """
    calibration = active_model().engine.calibration
    fpir = (search or in_force()).fpir
    rule = rule or verification.in_force().rule
    similarity = calibration.identification_threshold(
        gallery.people, anchors=gallery.anchors_a_person, rule=rule, fpir=fpir
    )
    return Threshold(similarity, calibration.score(similarity), rule)


def change(
    search: IdentificationPolicy,
    reason: str,
    changed_by: UUID | None,
    based_on: int | None = None,
    *,
    confirmed: bool = False,
) -> None:
    """Set how searches decide.

    Raises:
        ConfirmationNeeded: if the setting is dangerous and not confirmed.
        SearchOutOfRange: if the rate or the margin is no number within its bounds.
        ThresholdChangedMeanwhile: if another change is in force than the one based on.
    """
    with unit_of_work() as session:
        check(search, based_on)
        found = dangers_of(search)
        dangers.check(found, confirmed=confirmed)
        before = in_force()
        session.add(
            IdentificationChange(
                number=next_number(session, IdentificationChange),
                fpir=search.fpir,
                margin=search.margin,
                previous_fpir=before.fpir,
                previous_margin=before.margin,
                reason=reason,
                created_by_id=changed_by,
            )
        )
        audit.record(
            session,
            "search_changed",
            changed_by,
            fpir=search.fpir,
            margin=search.margin,
            **dangers.overridden(found),
        )


def dangers_of(search: IdentificationPolicy) -> tuple[Danger, ...]:
    """Return what makes a setting of searches dangerous at the present number of people."""
    gallery = active_model().gallery.refresh()
    before, after = threshold(gallery), threshold(gallery, search)
    return dangers.of_search(
        active_model().engine.calibration,
        search.fpir,
        after.similarity,
        before.similarity,
        after.rule,
        gallery.anchors_a_person,
    )


def check(search: IdentificationPolicy, based_on: int | None = None) -> None:
    """Check that a change could be made; it raises as `change` does."""
    within = (
        math.isfinite(search.fpir)
        and BOUNDS.least_fpir <= search.fpir <= BOUNDS.most_fpir
        and math.isfinite(search.margin)
        and 0 <= search.margin <= BOUNDS.most_margin
    )
    if not within:
        raise SearchOutOfRange
    check_still_in_force(_newest(), based_on)


def newest_number() -> int:
    """The number of the change in force, 0 while there is none."""
    return number_of(_newest())


def history() -> tuple[Change, ...]:
    """The last changes, newest first."""
    return tuple(
        Change(
            search=IdentificationPolicy(row.fpir, row.margin),
            previous=IdentificationPolicy(row.previous_fpir, row.previous_margin),
            reason=row.reason,
            created_at=row.created_at,
            username=row.created_by.username if row.created_by else None,
        )
        for row in db.session.scalars(_changes().limit(HISTORY_LENGTH))
    )


def _newest() -> IdentificationChange | None:
    return db.session.scalar(_changes().limit(1))


def _changes() -> Select[Any]:
    return select(IdentificationChange).order_by(IdentificationChange.number.desc())
