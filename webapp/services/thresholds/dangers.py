"""Dangerous settings: how they are detected, and the confirmation that they need."""

from __future__ import annotations

from ml import Calibration
from webapp.errors.thresholds import ConfirmationNeeded, Danger

# Rates beyond which a setting is dangerous: false accepts, and false rejections.
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
    """Return the dangers of a verification (1:1) threshold; empty if there are none.

    Args:
        calibration: calibration of the threshold's model.
        similarity: the threshold.
        rule: the matching rule.
        anchors: number of anchors of a claimed person.
    """
    rates = calibration.curve(rule, max(anchors, 1)).rates_at(similarity)
    return of_rates(rates["far"], rates["frr"])


def of_rates(strangers: float, refused: float) -> tuple[Danger, ...]:
    """Return the dangers of two error rates, 0 to 1: false accepts and false rejections."""
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
    """Return the dangers of an identification (1:N) setting; empty if there are none.

    The threshold rises with the number of people enrolled. False rejections count as a danger only
    if the setting, and not that number, increases them.

    Args:
        calibration: calibration of the active model.
        fpir: false positive identification rate, 0 to 1.
        similarity: the resulting threshold.
        similarity_before: the present threshold.
        rule: the matching rule.
        anchors: number of anchors of a person.
    """
    found = [Danger(STRANGERS_FOUND, fpir)] if fpir > MOST_STRANGERS else []
    refused = calibration.curve(rule, max(anchors, 1)).rates_at(similarity)["frr"]
    if refused > MOST_REFUSED and similarity > similarity_before:
        found.append(Danger(PEOPLE_REFUSED, refused))
    return tuple(found)


def check(dangers: tuple[Danger, ...], *, confirmed: bool) -> None:
    """Reject a dangerous setting that is not confirmed.

    Raises:
        ConfirmationNeeded: if there are dangers and no confirmation.
    """
    if dangers and not confirmed:
        raise ConfirmationNeeded(dangers)


def overridden(dangers: tuple[Danger, ...]) -> dict[str, list[str]]:
    """Return the confirmed dangers for the audit log; empty if there are none."""
    return {"confirmed": [danger.code for danger in dangers]} if dangers else {}
