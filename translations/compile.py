"""Check all catalogues, then compile them: `python -m translations.compile`.

If a text is faulty, no catalogue is compiled. Each fault is printed with its language and msgid.
"""

from __future__ import annotations

import ast
import gettext
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

FOLDER = Path(__file__).parent
# Python fills %(name)s, the scripts of a page fill {name}.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
PERCENT = re.compile(r"%%|%\(\w+\)[sd]")
MARKUP = re.compile(r"</?\w[^>]*>|&\w+;|[<>&\"]")
NUMBER = "%(num)s"
MSGID = re.compile(r"^msgid ((?:\".*\"\s*)+)", re.MULTILINE)
# Enough numbers to distinguish the plural forms of every language.
NUMBERS = range(1001)


def main(folder: Path = FOLDER) -> int:
    """Compile the catalogues of a folder; return the exit status, 1 if one is faulty."""
    found = [fault for path in catalogues(folder) for fault in faults(path)]
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        return 1
    for path in catalogues(folder):
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, read_catalogue(path))
    return 0


def catalogues(folder: Path = FOLDER) -> list[Path]:
    """Return the catalogues of all languages except English."""
    return sorted(folder.glob("*/LC_MESSAGES/messages.po"))


def read_catalogue(path: Path) -> Catalog:
    """Read a catalogue.

    Raises:
        PoFileError: if the file is malformed.
    """
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def faults(path: Path) -> Iterator[str]:
    """Yield the faults of a catalogue, each as one line with the msgid."""
    language = path.parts[-3]
    try:
        catalogue = read_catalogue(path)
    except PoFileError as error:
        yield f"{language}: not a catalogue: {error}"
        return
    if catalogue.plural_expr != get_plural(language).plural_expr:
        yield f"{language}: Plural-Forms does not match the language"
    for text, times in Counter(_msgids(path)).items():
        if times > 1:
            yield f"{language}: {text!r}: occurs {times} times"
    for message in catalogue.obsolete.values():
        yield f"{language}: {_english(message)[0]!r}: obsolete, remove it"
    for message in catalogue:
        if message.id:
            for fault in _faults_of(message, catalogue):
                yield f"{language}: {_english(message)[0]!r}: {fault}"


def _faults_of(message: Message, catalogue: Catalog) -> Iterator[str]:
    yield from map(str, message.check(catalogue))
    texts = texts_of(message.string)
    if message.fuzzy:
        yield "fuzzy, translate it"
    forms = catalogue.num_plurals if message.pluralizable else 1
    if len(texts) != forms or not all(texts):
        yield f"not translated, needs {forms} text(s)"
        return
    for text in (*_english(message), *texts):
        if "%" in PERCENT.sub("", text):
            yield f"bare percent sign in {text!r}, write %%"
    english = _english(message)[-1]
    for form, text in enumerate(texts):
        if not _has_placeholders(text, message, _is_for_one_number(form, catalogue)):
            yield f"placeholders differ from {english!r}: {text!r}"
        if sorted(MARKUP.findall(text)) != sorted(MARKUP.findall(english)):
            yield f"markup differs from {english!r}: {text!r}"


def _has_placeholders(text: str, message: Message, for_one_number: bool) -> bool:
    """Return whether a text has the placeholders of its English.

    A plural form for a single number may omit the number.
    """
    placeholders = Counter(PLACEHOLDER.findall(text))
    *singular, plural = (Counter(PLACEHOLDER.findall(english)) for english in _english(message))
    if singular and for_one_number:
        return singular[0] - Counter([NUMBER]) <= placeholders <= plural
    return placeholders == plural


def _is_for_one_number(form: int, catalogue: Catalog) -> bool:
    """Return whether a plural form covers one number only; French's first covers 0 and 1."""
    form_of = gettext.c2py(catalogue.plural_expr)
    return sum(form_of(number) == form for number in NUMBERS) == 1


def _english(message: Message) -> tuple[str, ...]:
    return texts_of(message.id)


def texts_of(texts: Any) -> tuple[str, ...]:
    """Return one text, or one for each plural form."""
    return tuple(texts) if isinstance(texts, tuple | list) else (texts or "",)


def _msgids(path: Path) -> Iterator[str]:
    for lines in MSGID.findall(path.read_text(encoding="utf-8")):
        yield "".join(ast.literal_eval(line) for line in lines.splitlines())


if __name__ == "__main__":
    sys.exit(main())
