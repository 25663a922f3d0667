"""Percentages in the format of the reader's language."""

from __future__ import annotations

from babel.numbers import format_percent
from flask_babel import get_locale


def percent(share: float, digits: str = "0") -> str:
    """Return a share, 0 to 1, in percent: "95%", "95 %".

    Args:
        share: the share.
        digits: CLDR pattern of the number; the language adds the percent sign and its space.
    """
    locale = get_locale()
    pattern = locale.percent_formats[None].pattern if locale else "#,##0%"
    return format_percent(share, pattern.replace("#,##0", digits), locale=locale or "en")
