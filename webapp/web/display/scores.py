"""How scores are shown: to a tenth, and never on the wrong side of their threshold.

Rounded to the nearest, a score just below its threshold would read as equal, beside "no match".
"""

from __future__ import annotations

from math import ceil, floor

from flask import Flask

# What lies beyond comes from computing, not from a score.
DIGITS = 6


def add_score_filters(app: Flask) -> None:
    """Let templates show scores and thresholds."""
    app.add_template_filter(shown_score)
    app.add_template_filter(shown_threshold)


def shown_score(score: float, match: bool) -> float:
    """A score, 0 to 100, in tenths: upwards where it matches, otherwise downwards."""
    tenths = round(score * 10, DIGITS)
    return (ceil(tenths) if match else floor(tenths)) / 10


def shown_threshold(threshold: float) -> float:
    """A threshold, 0 to 100, in tenths: upwards, as a score that reaches it."""
    return shown_score(threshold, True)
