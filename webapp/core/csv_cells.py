"""CSV files whose texts no spreadsheet runs as formulas."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from typing import TextIO

FORMULA_PREFIXES = frozenset("=+-@")
# Unicode categories: control (tab, line feed, …), format, and the separators.
INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


class TableWriter:
    """Writes rows with escaped texts and plain numbers.

    Spreadsheets of some languages split cells at a semicolon. Texts of a row that contains one are
    quoted.
    """

    def __init__(self, file: TextIO) -> None:
        self._plain = csv.writer(file)
        self._quoting = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)

    def write(self, values: Iterable[object]) -> None:
        """Write one row."""
        cells = plain_cells(values)
        has_semicolon = any(isinstance(cell, str) and ";" in cell for cell in cells)
        (self._quoting if has_semicolon else self._plain).writerow(cells)


def plain_cells(values: Iterable[object]) -> list[object]:
    """Return the cells of a row as `TableWriter` writes them."""
    return [plain_cell(value) if isinstance(value, str) else value for value in values]


def plain_cell(text: str) -> str:
    """Return a text, prefixed with an apostrophe if a spreadsheet could run it as a formula.

    Spreadsheets of some languages accept full-width signs and skip invisible characters.

    >>> plain_cell("＝1+1")
    "'＝1+1"
    """
    visible = (one for one in text if unicodedata.category(one) not in INVISIBLE_CATEGORIES)
    first = next(visible, "")
    is_formula = unicodedata.normalize("NFKC", first)[:1] in FORMULA_PREFIXES
    starts_with_control = unicodedata.category(text[0]) == "Cc" if text else False
    return f"'{text}" if (first and is_formula) or starts_with_control else text
