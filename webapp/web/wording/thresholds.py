"""Sentences about the error rates of a threshold; scripts get them with placeholders."""

from __future__ import annotations

from math import floor, log10

from flask_babel import format_decimal
from flask_babel import gettext as _

from webapp.services.thresholds.error_rates import Cost, Rate
from webapp.services.thresholds.per_person import PersonThreshold
from webapp.web.display import numbers
from webapp.web.wording import dangers

# From this share, "23 in 100" is easier to grasp than "1 in 4".
OFTEN = 0.1
# Beside such a share, smaller ones use the same unit as far as whole numbers can.
OFTEN_BESIDE = 0.01


def odds(share: float, often: float = OFTEN) -> str:
    """Return a share above 0 in words: "1 in 2,400", from `often` on "23 in 100"."""
    if share >= often:
        return _in_hundred(str(floor(share * 100 + 0.5)))
    return _one_in(format_decimal(_two_digits(1 / share)))


def strangers(rate: Rate) -> str:
    """Return the sentence about strangers accepted."""
    if not rate.is_supported:
        return _fewer_strangers(odds(rate.bound))
    return _strangers(*_with_interval(rate))


def genuine(rate: Rate) -> str:
    """Return the sentence about genuine attempts rejected."""
    if not rate.is_supported:
        return _fewer_genuine(odds(rate.bound))
    return _genuine(*_with_interval(rate))


def short(rate: Rate) -> str:
    """Return a rate with its interval, for a table."""
    if not rate.is_supported:
        return _fewer(odds(rate.bound))
    share, start, end = _with_interval(rate)
    return _("%(odds)s (%(start)s to %(end)s)", odds=share, start=start, end=end)


def axis(rate: float) -> str:
    """Return the label of a power of ten on an axis."""
    return _("all") if rate == 1 else _one_in(format_decimal(round(1 / rate)))


def authenticator(cost: Cost) -> str:
    """Return the sentence that compares the FAR with NIST's limit for authenticators."""
    return _authenticator()[cost.authenticator]


def goal_names() -> dict[str, str]:
    """Return the names of the presets' goals."""
    return {"convenient": _("Convenient"), "balanced": _("Balanced"), "strict": _("Strict")}


def percent(share: float) -> str:
    """Return a share in percent, with significant digits only."""
    return numbers.percent(share, "#,##0.###")


def points(number: float) -> str:
    """Return a difference of scores in words."""
    return _("%(number)s points", number=format_decimal(number, "0.#"))


def distance(own: PersonThreshold) -> str:
    """Return the sentence that compares a person's threshold with the common one."""
    if not own.points:
        return _("As for everybody.")
    return _(
        "Stricter by %(points)s than everybody’s, %(score)s.",
        points=points(own.points),
        score=format_decimal(own.everybody.score, "0.0"),
    )


def rule_name(rule: str) -> str:
    """Return the name of a matching rule; its code if it is no longer available."""
    return _rules().get(rule, (rule, ""))[0]


def rule_explained(rule: str) -> str:
    """Return what a matching rule does."""
    return _rules()[rule][1]


def for_scripts() -> dict[str, str]:
    """Return the sentences with placeholders in braces."""
    return {
        "one_in": _one_in("{n}"),
        "in_hundred": _in_hundred("{n}"),
        "fewer": _fewer("{odds}"),
        "strangers": _strangers("{odds}", "{start}", "{end}"),
        "fewer_strangers": _fewer_strangers("{odds}"),
        "genuine": _genuine("{odds}", "{start}", "{end}"),
        "fewer_genuine": _fewer_genuine("{odds}"),
        **_authenticator(),
        **dangers.for_scripts(),
    }


def _two_digits(number: float) -> int:
    step = 10 ** max(floor(log10(number)) - 1, 0)
    return floor(number / step + 0.5) * step


def _with_interval(rate: Rate) -> tuple[str, str, str]:
    """Return a rate and its interval in one unit, with numbers ascending in reading order."""
    often = OFTEN_BESIDE if rate.high >= OFTEN else OFTEN
    share, high = odds(rate.share, often), odds(rate.high, often)
    if rate.low >= rate.supported:
        low = odds(rate.low, often)
    else:
        low = _fewer(odds(rate.supported, often))
    return (share, low, high) if rate.high >= OFTEN else (share, high, low)


def _one_in(number: str) -> str:
    return _("1 in %(n)s", n=number)


def _in_hundred(number: str) -> str:
    return _("%(n)s in 100", n=number)


def _fewer(odds: str) -> str:
    return _("fewer than %(odds)s", odds=odds)


def _strangers(odds: str, start: str, end: str) -> str:
    return _(
        "About %(odds)s strangers would be accepted (95%% interval %(start)s to %(end)s).",
        odds=odds,
        start=start,
        end=end,
    )


def _fewer_strangers(odds: str) -> str:
    return _(
        "Fewer than %(odds)s strangers would be accepted, as far as the data can say.", odds=odds
    )


def _genuine(odds: str, start: str, end: str) -> str:
    return _(
        "About %(odds)s genuine tries would be refused (95%% interval %(start)s to %(end)s).",
        odds=odds,
        start=start,
        end=end,
    )


def _fewer_genuine(odds: str) -> str:
    return _(
        "Fewer than %(odds)s genuine tries would be refused, as far as the data can say.",
        odds=odds,
    )


def _rules() -> dict[str, tuple[str, str]]:
    return {
        "best": (_("Best picture"), _("The person’s most similar picture decides.")),
        "mean": (
            _("Mean of all pictures"),
            _("The mean over all the person’s pictures decides: bad pictures count too."),
        ),
        "top": (
            _("Mean of the best three"),
            _("The mean of the person’s three most similar pictures decides."),
        ),
    }


def _authenticator() -> dict[str, str]:
    return {
        "weaker": _(
            "Weaker than NIST SP 800-63B-4 asks for where a face is an authenticator: at most 1 "
            "in 10,000 strangers."
        ),
        "unsure": _(
            "Perhaps weaker than NIST SP 800-63B-4 asks for where a face is an authenticator: "
            "the interval reaches beyond 1 in 10,000 strangers."
        ),
        "enough": _(
            "As strict as NIST SP 800-63B-4 asks for where a face is an authenticator: at most 1 "
            "in 10,000 strangers."
        ),
    }
