"""CSV files for spreadsheets, whose texts are taken for texts."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from typing import TextIO

FORMULA_BEGINNINGS = frozenset("=+-@")
# Control characters (tab, line feed, …), what is not shown, and kinds of space.
UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


class TableWriter:
    """Writes rows whose texts no spreadsheet takes for formulas; numbers stay numbers.

    Spreadsheets of some languages part cells at a semicolon: where a row has one, texts are quoted.
    """

    def __init__(self, file: TextIO) -> None:
        self._plain = csv.writer(file)
        self._quoting = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)

    def write(self, values: Iterable[object]) -> None:
        """Write one row."""
        cells = plain_cells(values)
        parts = any(isinstance(cell, str) and ";" in cell for cell in cells)
        (self._quoting if parts else self._plain).writerow(cells)


def plain_cells(values: Iterable[object]) -> list[object]:
    """Return a row as `TableWriter` writes it."""
    return [plain_cell(value) if isinstance(value, str) else value for value in values]


def plain_cell(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet could take it for a formula.

    Spreadsheets of some languages read full-width signs as plain ones, and skip what is not shown.

    >>> plain_cell("＝1+1")
    "'＝1+1"
    """
    first = next((one for one in text if unicodedata.category(one) not in UNSEEN), "")
    is_formula = unicodedata.normalize("NFKC", first)[:1] in FORMULA_BEGINNINGS
    begins_unseen = unicodedata.category(text[0]) == "Cc" if text else False
    return f"'{text}" if (first and is_formula) or begins_unseen else text
