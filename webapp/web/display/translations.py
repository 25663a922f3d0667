"""Texts in the reader's language, with the English text in place of a faulty translation.

`%` fills in translated texts, in templates and in Python alike, so every literal percent sign is
written `%%`. A faulty translation is logged on each use, and never causes an error page.
"""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from babel.support import NullTranslations
from flask import Flask
from flask_babel import Babel, Domain, get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

# What may follow a percent sign.
PLACE = re.compile(r"%(?:\(\w+\)[sd]|%)")
UNFILLABLE = (ValueError, TypeError, KeyError, OverflowError)
UNREADABLE = (OSError, ValueError, struct.error)
log = logging.getLogger("webapp.web.display.translations")


def marked(text: str) -> str:
    """Mark a text for extraction; it is translated and filled in where it is used."""
    return text


class SafeDomain(Domain):
    """flask-babel's texts, with English in place of faulty translations."""

    def get_translations(self) -> NullTranslations:
        """Return the catalogue of the reader's language; an empty one if its file is unreadable."""
        try:
            return super().get_translations()
        except UNREADABLE as error:
            locale = str(get_locale())
            log.error("catalogue unreadable: locale=%s: %s", locale, error)
            empty = self.cache[locale, self.domain[0]] = NullTranslations()
            return empty

    def gettext(self, string: str, **variables: Any) -> str:
        """Translate a text and fill it in; without variables, placeholders stay as they are."""
        if not variables and "%(" in string:
            return str(self.get_translations().ugettext(string))
        return translate(string, variables)

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """Translate a text by a number, `num` in the text, and fill it in."""
        return translate_plural(singular, plural, num, variables)


def translate(text: str, facts: Mapping[str, Any], kind: type[str] = str) -> str:
    """Translate a text into the reader's language and fill it in.

    Args:
        text: the English text.
        facts: values by the names of the text's placeholders.
        kind: `Markup` for a page, which escapes the values.
    """
    translation = get_translations().ugettext(text)
    return _filled(kind(translation), kind(text), facts)


def translate_plural(
    singular: str, plural: str, number: int, facts: Mapping[str, Any], kind: type[str] = str
) -> str:
    """Translate a text about a number of things; `num` is that number unless `facts` has it."""
    translation = get_translations().ungettext(singular, plural, number)
    english = singular if number == 1 else plural
    return _filled(kind(translation), kind(english), {"num": number, **facts})


class SafeBabel(Babel):
    """flask-babel with texts that never fail."""

    @cached_property
    def domain_instance(self) -> Domain:
        """The source of this app's texts."""
        return SafeDomain(domain=self.domain)

    def init_app(self, app: Flask, *args: Any, **options: Any) -> None:
        """Make the templates use the domain as well."""
        super().init_app(app, *args, **options)
        app.jinja_env.globals.update(gettext=_gettext, ngettext=_ngettext)


@pass_eval_context
def _gettext(context: EvalContext, text: str, **facts: Any) -> str:
    return translate(text, facts, _kind(context))


@pass_eval_context
def _ngettext(context: EvalContext, singular: str, plural: str, number: int, **facts: Any) -> str:
    return translate_plural(singular, plural, number, facts, _kind(context))


def _kind(context: EvalContext) -> type[str]:
    return Markup if context.autoescape else str


def _filled(translation: str, english: str, facts: Mapping[str, Any]) -> str:
    """Return the translation filled in; else the English text filled in; else as it is."""
    try:
        return _fill(translation, facts)
    except UNFILLABLE as error:
        log.error(
            "text cannot be filled in: locale=%s msgid=%r: %r", get_locale(), str(english), error
        )
    try:
        return _fill(english, facts)
    except UNFILLABLE:
        return english


def _fill(text: str, facts: Mapping[str, Any]) -> str:
    if "%" in PLACE.sub("", text):
        raise ValueError("bare percent sign")
    return text % facts
