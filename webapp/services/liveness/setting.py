"""The setting of liveness challenges: in force, history, change.

Set-up by the link switches them on for verifications; otherwise they are off until somebody sets
them.
"""

from __future__ import annotations

from dataclasses import dataclass

from ml import STEPS, STRENGTHS
from webapp.core.actor import Actor
from webapp.db.change_history import Change, ChangeHistory
from webapp.db.models import ChallengeScope, LivenessChange, Purpose
from webapp.db.transactions import unit_of_work
from webapp.errors.liveness import MovementsTooFew, StrengthUnknown
from webapp.errors.thresholds import Danger
from webapp.services import audit
from webapp.services.thresholds import dangers

# A single movement would leave nothing to draw.
FEWEST_MOVEMENTS = 2
# From the weakest protection to the strongest.
GUARDS = (ChallengeScope.NOTHING, ChallengeScope.VERIFICATION, ChallengeScope.ENROLMENT)


@dataclass(frozen=True)
class Liveness:
    """Where challenges are required, and how they are drawn.

    Attributes:
        guarded: actions that require a challenge.
        strength: how far movements must go, and how strictly they are judged.
        allowed: movements to draw from.
        light: whether the page lights the face in changing colours.
    """

    guarded: ChallengeScope = ChallengeScope.NOTHING
    strength: str = "normal"
    allowed: tuple[str, ...] = STEPS
    light: bool = False

    def requires_challenge(self, purpose: Purpose) -> bool:
        """Return whether a verification or an enrolment requires a challenge."""
        if purpose is Purpose.ENROL:
            return self.guarded == ChallengeScope.ENROLMENT
        return self.guarded != ChallengeScope.NOTHING


DEFAULT = Liveness()
INITIAL_SETTING = Liveness(ChallengeScope.VERIFICATION)


def _value(row: LivenessChange) -> Liveness:
    return Liveness(ChallengeScope(row.guarded), row.strength, tuple(row.allowed), row.light)


def _previous(row: LivenessChange) -> Liveness:
    return Liveness(
        ChallengeScope(row.previous_guarded),
        row.previous_strength,
        tuple(row.previous_allowed),
        row.previous_light,
    )


_HISTORY = ChangeHistory(LivenessChange, _value, _previous)


def in_force() -> Liveness:
    """Return the setting in force."""
    newest = _HISTORY.newest()
    return _value(newest) if newest else DEFAULT


def change(
    setting: Liveness,
    reason: str,
    actor: Actor,
    based_on: int | None = None,
    *,
    confirmed: bool = False,
) -> None:
    """Change the setting.

    Raises:
        ConfirmationNeeded: if it is weaker than the one in force and not confirmed.
        MovementsTooFew: if fewer than FEWEST_MOVEMENTS are allowed.
        StrengthUnknown: if there is no such strength.
        SettingConflict: if the change in force is not `based_on`.
    """
    if setting.strength not in STRENGTHS:
        raise StrengthUnknown
    if len(set(setting.allowed) & set(STEPS)) < FEWEST_MOVEMENTS:
        raise MovementsTooFew(FEWEST_MOVEMENTS)
    allowed = [step for step in STEPS if step in setting.allowed]
    with unit_of_work() as session:
        _HISTORY.check_newest(based_on)
        before = in_force()
        found = weakened(before, setting)
        dangers.check(found, confirmed=confirmed)
        _HISTORY.add(
            session,
            reason,
            actor,
            guarded=setting.guarded,
            strength=setting.strength,
            allowed=allowed,
            light=setting.light,
            previous_guarded=before.guarded,
            previous_strength=before.strength,
            previous_allowed=list(before.allowed),
            previous_light=before.light,
        )
        audit.record(
            session,
            "liveness_changed",
            actor,
            guarded=setting.guarded,
            strength=setting.strength,
            allowed=allowed,
            light=setting.light,
            **dangers.overridden(found),
        )


def weakened(before: Liveness, after: Liveness) -> tuple[Danger, ...]:
    """Return how a setting is weaker than another; empty if it is not."""
    codes = []
    if GUARDS.index(after.guarded) < GUARDS.index(before.guarded):
        codes.append(f"unguarded_{after.guarded}")
    if ChallengeScope.NOTHING not in {before.guarded, after.guarded}:
        strengths = tuple(STRENGTHS)
        if strengths.index(after.strength) < strengths.index(before.strength):
            codes.append("gentler")
        if len(set(after.allowed)) < len(set(before.allowed)):
            codes.append("fewer_movements")
        if before.light and not after.light:
            codes.append("light_off")
    return tuple(map(Danger, codes))


def newest_number() -> int:
    """Return the number of the change in force; 0 if there is none."""
    return _HISTORY.number()


def history() -> tuple[Change[Liveness], ...]:
    """Return the last changes, newest first."""
    return _HISTORY.entries()
