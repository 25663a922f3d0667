"""The setting of identifications (1:N): in force, history, change.

A stranger has one chance for each person enrolled. The setting is therefore the false positive
identification rate (FPIR), and the threshold follows from it and the number of people. The nearest
person must also lead the next one by a margin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from webapp.core.actor import Actor
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
    """Bounds of the setting: rates are shares of strangers, margins score points."""

    least_fpir: float = 0.001
    most_fpir: float = 0.1
    most_margin: float = 50.0


@dataclass(frozen=True)
class IdentificationPolicy:
    """How an identification decides.

    Attributes:
        fpir: share of strangers who may be identified as somebody.
        margin: score points by which the nearest person must lead the next.
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
    """Return the policy in force."""
    newest = _HISTORY.newest()
    return IdentificationPolicy(newest.fpir, newest.margin) if newest else DEFAULT


def threshold(
    gallery: Summary, search: IdentificationPolicy | None = None, rule: str | None = None
) -> Threshold:
    """Return the threshold of an identification in a gallery.

    Args:
        gallery: its number of people and anchors.
        search: the policy; None for the one in force.
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
    actor: Actor,
    based_on: int | None = None,
    *,
    confirmed: bool = False,
) -> None:
    """Change the policy of identifications.

    Raises:
        ConfirmationNeeded: if the setting is dangerous and not confirmed.
        SearchOutOfRange: if the rate or the margin is not a number within BOUNDS.
        SettingConflict: if the change in force is not `based_on`.
    """
    with unit_of_work() as session:
        check(search, based_on)
        found = dangers_of(search)
        dangers.check(found, confirmed=confirmed)
        before = in_force()
        _HISTORY.add(
            session,
            reason,
            actor,
            fpir=search.fpir,
            margin=search.margin,
            previous_fpir=before.fpir,
            previous_margin=before.margin,
        )
        audit.record(
            session,
            "search_changed",
            actor,
            fpir=search.fpir,
            margin=search.margin,
            **dangers.overridden(found),
        )


def dangers_of(search: IdentificationPolicy) -> tuple[Danger, ...]:
    """Return the dangers of a policy at the present number of people."""
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
    """Check that a change is possible; raises like `change`."""
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
    """Return the number of the change in force; 0 if there is none."""
    return _HISTORY.number()


def history() -> tuple[Change[IdentificationPolicy], ...]:
    """Return the last changes, newest first."""
    return _HISTORY.entries()
