"""Put no-break spaces where a language has them: `python -m translations.spacing`.

French: a narrow one before ; ? ! and %, an ordinary one before : and inside « ». German: one before
the dots of an ellipsis. A line then never begins with a mark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.pofile import write_po

from translations.compile import FOLDER, catalogues, read_catalogue, texts_of

NO_BREAK, NARROW = "\u00a0", "\u202f"
WIDTH = 100
# A header of HTTP is quoted as programs write it.
COLON = re.compile(r"(?<!Authorization)(?<=\S)\s*:(?=\s|$)")
HIGH_MARK = re.compile(r"(?<=\S)\s*([;?!])(?=[\s»”)]|$)")
PERCENT = re.compile(r"(?<=\d)\s+(%%|%(?!\())")
THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}\b)")


def french(text: str) -> str:
    """Space a French text."""
    text = HIGH_MARK.sub(NARROW + r"\1", text)
    text = COLON.sub(NO_BREAK + ":", text)
    text = re.sub(r"«\s*", "«" + NO_BREAK, text)
    text = re.sub(r"\s*»", NO_BREAK + "»", text)
    text = PERCENT.sub(NARROW + r"\1", text)
    text = THOUSANDS.sub(NARROW, text)
    return re.sub(r"(?<=\w)\s+…", NO_BREAK + "…", text)


def german(text: str) -> str:
    """Space a German text."""
    return re.sub(r"(?<=[^\s„(])\s*…", NO_BREAK + "…", text)


SPACED: dict[str, Callable[[str], str]] = {"de": german, "fr": french}


def spaced(message: Message, language: str) -> tuple[str, ...]:
    """The texts of a message, spaced as their language has it."""
    return tuple(map(SPACED.get(language, str), texts_of(message.string)))


def main(folder: Path = FOLDER) -> None:
    """Space the catalogues of a folder; what is right already stays as it is written."""
    for path in catalogues(folder):
        language = path.parts[-3]
        catalogue = read_catalogue(path)
        head, *blocks = path.read_text(encoding="utf-8").strip("\n").split("\n\n")
        messages = [message for message in catalogue if message.id]
        changed = [
            _written(message, spaced(message, language), language)
            if spaced(message, language) != texts_of(message.string)
            else block
            for message, block in zip(messages, blocks, strict=True)
        ]
        path.write_text("\n\n".join([head, *changed]) + "\n", encoding="utf-8")


def _written(message: Message, texts: tuple[str, ...], language: str) -> str:
    single = Catalog(locale=language, fuzzy=False)
    string = texts if message.pluralizable else texts[0]
    single.add(message.id, string, flags=message.flags)
    out = io.BytesIO()
    write_po(out, single, width=WIDTH, no_location=True, omit_header=True)
    return out.getvalue().decode().strip("\n")


if __name__ == "__main__":
    main()
