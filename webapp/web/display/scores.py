"""Scores on pages: in tenths, and never on the wrong side of their threshold.

Rounded to the nearest tenth, a score just below its threshold would look equal to it, beside "no
match".
"""

from __future__ import annotations

from math import ceil, floor

from flask import Flask

# Digits beyond this are floating-point noise.
DIGITS = 6


def add_score_filters(app: Flask) -> None:
    """Add the template filters for scores and thresholds."""
    app.add_template_filter(shown_score)
    app.add_template_filter(shown_threshold)


def shown_score(score: float, match: bool) -> float:
    """Return a score, 0 to 100, in tenths: rounded up if it matches, otherwise down."""
    tenths = round(score * 10, DIGITS)
    return (ceil(tenths) if match else floor(tenths)) / 10


def shown_threshold(threshold: float) -> float:
    """Return a threshold, 0 to 100, in tenths: rounded up, like a score that reaches it."""
    return shown_score(threshold, True)
