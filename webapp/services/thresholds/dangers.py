"""Dangerous settings: which ones are, and the confirmation that they need."""

from __future__ import annotations

from ml import Calibration
from webapp.errors.thresholds import ConfirmationNeeded, Danger

# Shares of attempts beyond which a setting is dangerous: impostors accepted, genuine ones refused.
MOST_STRANGERS = 0.01
MOST_REFUSED = 0.8
STRANGERS_ACCEPTED, STRANGERS_FOUND, PEOPLE_REFUSED = (
    "strangers_accepted",
    "strangers_found",
    "people_refused",
)


def of_threshold(
    calibration: Calibration, similarity: float, rule: str, anchors: int
) -> tuple[Danger, ...]:
    """Return what makes a threshold of verifications (1:1) dangerous; empty if nothing does.

    Args:
        calibration: of the threshold's model.
        similarity: the threshold.
        rule: the matching rule.
        anchors: the number of anchors of a claimed person.
    """
    rates = calibration.curve(rule, max(anchors, 1)).rates_at(similarity)
    return of_rates(rates["far"], rates["frr"])


def of_rates(strangers: float, refused: float) -> tuple[Danger, ...]:
    """Return the dangers of two error rates, 0 to 1: impostors accepted, genuine ones refused."""
    found = []
    if strangers > MOST_STRANGERS:
        found.append(Danger(STRANGERS_ACCEPTED, strangers))
    if refused > MOST_REFUSED:
        found.append(Danger(PEOPLE_REFUSED, refused))
    return tuple(found)


def of_search(
    calibration: Calibration,
    fpir: float,
    similarity: float,
    similarity_before: float,
    rule: str,
    anchors: int,
) -> tuple[Danger, ...]:
    """Return what makes a setting of searches (1:N) dangerous; empty if nothing does.

    The threshold of a search rises with the number of people enrolled. Refused genuine attempts
    count as a danger only where the setting, and not that number, raises them.

    Args:
        calibration: of the active model.
        fpir: the share of strangers taken for somebody, 0 to 1.
        similarity: the threshold that follows from it.
        similarity_before: the present threshold.
        rule: the matching rule.
        anchors: the number of anchors of a person.
    """
    found = [Danger(STRANGERS_FOUND, fpir)] if fpir > MOST_STRANGERS else []
    refused = calibration.curve(rule, max(anchors, 1)).rates_at(similarity)["frr"]
    if refused > MOST_REFUSED and similarity > similarity_before:
        found.append(Danger(PEOPLE_REFUSED, refused))
    return tuple(found)


def check(dangers: tuple[Danger, ...], *, confirmed: bool) -> None:
    """Refuse a dangerous setting that nobody confirmed.

    Raises:
        ConfirmationNeeded: if there are dangers and no confirmation.
    """
    if dangers and not confirmed:
        raise ConfirmationNeeded(dangers)


def overridden(dangers: tuple[Danger, ...]) -> dict[str, list[str]]:
    """Return the confirmed dangers for the audit log; empty if there are none."""
    return {"confirmed": [danger.code for danger in dangers]} if dangers else {}
