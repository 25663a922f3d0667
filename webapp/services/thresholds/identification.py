"""How a search among everybody (1:N) decides, how that changed, and changing it.

A stranger has as many chances as there are people. So a search is set by the share of strangers
who may be taken for anybody (FPIR), and its threshold follows from that at the present number of
people. Who is nearest must also lead the next person by a margin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from uuid import UUID

from webapp.db.change_history import Change, ChangeHistory
from webapp.db.models import IdentificationChange
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import Danger, SearchOutOfRange
from webapp.gallery.base import Summary
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.thresholds import dangers, verification
from webapp.services.thresholds.verification import Threshold


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


BOUNDS = SearchBounds()
DEFAULT = IdentificationPolicy()
_HISTORY = ChangeHistory(
    IdentificationChange,
    value=lambda row: IdentificationPolicy(row.fpir, row.margin),
    previous=lambda row: IdentificationPolicy(row.previous_fpir, row.previous_margin),
)


def in_force() -> IdentificationPolicy:
    """How a search decides now."""
    newest = _HISTORY.newest()
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
        SettingConflict: if another change is in force than the one based on.
    """
    with unit_of_work() as session:
        check(search, based_on)
        found = dangers_of(search)
        dangers.check(found, confirmed=confirmed)
        before = in_force()
        _HISTORY.add(
            session,
            reason,
            changed_by,
            fpir=search.fpir,
            margin=search.margin,
            previous_fpir=before.fpir,
            previous_margin=before.margin,
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
    _HISTORY.check_newest(based_on)


def newest_number() -> int:
    """The number of the change in force, 0 while there is none."""
    return _HISTORY.number()


def history() -> tuple[Change[IdentificationPolicy], ...]:
    """Return the last changes, newest first."""
    return _HISTORY.entries()
