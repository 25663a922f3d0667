from __future__ import annotations

import io
import re

import pytest

from webapp.core.csv_cells import TableWriter, plain_cell, plain_cells
from webapp.settings import ROOT

FORMULAS = [
    "=1+1",
    "+1",
    "-1+cmd|'/c calc'!A1",
    "@SUM(1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "﹦1",
    "\t=1",
    "\r=1",
    "\n=1",
    "\x0b=1",
    " =1",
    "\ufeff=1",
    "\u200b=1",
    "\u202e=1",
    "\u00a0=1",
    "\t",
    "\nplain",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_begins_as_a_formula_does(text: str) -> None:
    assert plain_cell(text) == f"'{text}"


ORDINARY = ["", "Ada", "O'Neil", "a=b", "3-4", "ada@example.org", " Ada", "愛"]


@pytest.mark.parametrize("text", ORDINARY)
def test_other_texts_are_unchanged(text: str) -> None:
    assert plain_cell(text) == text


def test_numbers_stay_numbers() -> None:
    assert plain_cells([-1.5, None, "-1.5"]) == [-1.5, None, "'-1.5"]


def test_no_cell_begins_within_a_text() -> None:
    file = io.StringIO()
    table = TableWriter(file)
    table.write(["a;=1", "b,=1", 'c"', 7])
    table.write(["a", 7, "b,=1"])

    assert file.getvalue() == '"a;=1","b,=1","c""",7\r\na,7,"b,=1"\r\n'


def test_every_table_of_the_app_is_written_so() -> None:
    written = [
        file.name
        for file in (ROOT / "webapp").rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)\(", file.read_text())
    ]

    assert written == ["csv_cells.py"]
