"""Pairs from a table: `PAIRS.csv` with a header line.

a,b                   photos, as paths from the table's folder
person_a,person_b     people in the photos; default: the folder of each photo
same                  1 or 0, optional: checked against the people
fold                  any name, optional: given folds; default: folds disjoint by person
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.lab.evaluation.protocols.folds import FEWEST_PEOPLE, folds_of_pairs
from ml.lab.evaluation.protocols.photos import Pairs, Photos, ProtocolError

REQUIRED, PEOPLE, OPTIONAL = {"a", "b"}, {"person_a", "person_b"}, {"same", "fold"}
TRUTH = {"1": True, "0": False, "true": True, "false": False}


@dataclass(frozen=True)
class _Row:
    """One line: two photos, two people, the fold's name, and the line's number."""

    a: Path
    b: Path
    people: tuple[str, str]
    fold: str
    line: int


def read_pairs(table: Path) -> Pairs:
    """Read a table of pairs.

    Raises:
        ProtocolError: if the table cannot be read, a line is malformed (the text names it), a photo
            is missing, or there are too few people or only pairs of one kind.
    """
    rows = list(_rows(table))
    if not rows:
        raise ProtocolError(f"{table} holds no pairs below its header line")
    photos, number_of = _photos(rows, table)
    a = np.array([number_of[row.a] for row in rows])
    b = np.array([number_of[row.b] for row in rows])
    same = photos.person[a] == photos.person[b]
    if len(photos.names) < FEWEST_PEOPLE:
        raise ProtocolError(
            f"{table}: too few people: {len(photos.names)}; "
            f"folds disjoint by person need at least {FEWEST_PEOPLE}"
        )
    if same.all() or not same.any():
        raise ProtocolError(f"{table} needs pairs of one person and pairs of two people")
    return Pairs(photos, a, b, same, _folds(rows, photos.person[a], photos.person[b], table))


def _rows(table: Path) -> Iterator[_Row]:
    try:
        with table.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines, strict=True)
            columns = set(reader.fieldnames or ())
            _check_header(columns, table)
            for cells in reader:
                yield _row(cells, columns, table, reader.line_num)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProtocolError(f"{table} cannot be read as a table: {error}") from error


def _check_header(columns: set[str], table: Path) -> None:
    unknown = columns - REQUIRED - PEOPLE - OPTIONAL
    if unknown or not columns >= REQUIRED or len(columns & PEOPLE) == 1:
        raise ProtocolError(
            f"{table}: the header line must be a,b and, if wanted, person_a,person_b, same, fold; "
            f"not {','.join(sorted(columns)) or 'empty'}"
        )


def _row(cells: dict[str, str | None], columns: set[str], table: Path, line: int) -> _Row:
    place = f"{table}, line {line}"
    if None in cells or None in cells.values():
        raise ProtocolError(f"{place}: {len(columns)} values are needed")
    values = {name: (value or "").strip() for name, value in cells.items()}
    if empty := sorted(name for name, value in values.items() if not value):
        raise ProtocolError(f"{place}: no value for {', '.join(empty)}")
    a, b = _photo(values["a"], table, place), _photo(values["b"], table, place)
    if a == b:
        raise ProtocolError(f"{place}: a photo is paired with itself")
    people = (values.get("person_a", a.parent.name), values.get("person_b", b.parent.name))
    _check_truth(values, people, place)
    return _Row(a, b, people, values.get("fold", ""), line)


def _photo(value: str, table: Path, place: str) -> Path:
    path = table.parent / value
    try:
        there = path.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        raise ProtocolError(f"{place}: {value!r} is no file below {table.parent}")
    return path.resolve()


def _check_truth(values: dict[str, str], people: tuple[str, str], place: str) -> None:
    same = values.get("same")
    if same is None:
        return
    if same.lower() not in TRUTH:
        raise ProtocolError(f"{place}: same must be 1 or 0, not {same!r}")
    if TRUTH[same.lower()] != (people[0] == people[1]):
        raise ProtocolError(
            f"{place}: same is {same}, but the people are {people[0]!r} and {people[1]!r}"
        )


def _photos(rows: Sequence[_Row], table: Path) -> tuple[Photos, dict[Path, int]]:
    person_of: dict[Path, str] = {}
    for row in rows:
        for path, name in zip((row.a, row.b), row.people, strict=True):
            if person_of.setdefault(path, name) != name:
                raise ProtocolError(
                    f"{table}, line {row.line}: {path.name} shows {name!r}, "
                    f"but {person_of[path]!r} on an earlier line"
                )
    paths = tuple(sorted(person_of))
    names = tuple(sorted(set(person_of.values())))
    number = {name: index for index, name in enumerate(names)}
    person = np.array([number[person_of[path]] for path in paths])
    return Photos(paths, person, names), {path: index for index, path in enumerate(paths)}


def _folds(rows: Sequence[_Row], a: np.ndarray, b: np.ndarray, table: Path) -> np.ndarray:
    if not rows[0].fold:
        return folds_of_pairs(a, b)
    names, fold = np.unique([row.fold for row in rows], return_inverse=True)
    if len(names) == 1:
        raise ProtocolError(f"{table}: one fold only; thresholds are chosen on the others")
    return fold
