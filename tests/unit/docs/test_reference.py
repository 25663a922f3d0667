"""The reference pages are complete: every setting and every error, as in the code."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

import webapp.errors
from ml import FaceError
from webapp.api.problems import status_of
from webapp.errors.base import ServiceError
from webapp.settings import settings_from

Kind = TypeVar("Kind", bound=Exception)
REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
ROW = re.compile(r"^\| (?P<names>`[A-Z_`, ]+`) \| (?P<default>[^|]+) \|", re.MULTILINE)
CODE = re.compile(r"^\| `(?P<code>\w+)` \| (?P<status>\d{3}|–) \|", re.MULTILINE)
# Variables of gunicorn.conf.py or a library.
OF_THE_SERVER = {"WORKERS", "OMP_NUM_THREADS", "SCRIPT_NAME"}


class Environment(dict[str, str]):
    """An environment that records the names of read variables."""

    def __init__(self, **variables: str) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.read.add(name)
        return super().get(name, default)


def documented() -> dict[str, str]:
    """Return the default of each setting, as the page has it."""
    page = (REFERENCE / "settings.md").read_text()
    return {
        name: row["default"].strip()
        for row in ROW.finditer(page)
        for name in re.findall(r"[A-Z_]{2,}", row["names"])
    }


def test_the_page_has_every_setting_and_no_other() -> None:
    environment = Environment()
    settings_from(environment)
    assert documented().keys() - OF_THE_SERVER == environment.read


def test_the_defaults_are_those_of_the_code() -> None:
    plain = settings_from({})
    defaults = {name: found.strip("`") for name, found in documented().items() if "`" in found}
    for name in ("DATABASE_URL", "KEY_RING", "FACES_AT_ONCE", *OF_THE_SERVER):
        defaults.pop(name, None)

    assert len(defaults) > 20
    assert settings_from(defaults) == plain


def kinds(kind: type[Kind]) -> Iterator[type[Kind]]:
    """Yield the classes below `kind`."""
    for below in kind.__subclasses__():
        yield below
        yield from kinds(below)


@pytest.fixture(scope="module")
def errors() -> dict[str, str]:
    """Return the status of each code, as the page has it."""
    for module in pkgutil.iter_modules(webapp.errors.__path__):
        importlib.import_module(f"webapp.errors.{module.name}")
    return dict(CODE.findall((REFERENCE / "errors.md").read_text()))


def test_the_page_has_every_error_with_its_status(errors: dict[str, str]) -> None:
    found = {
        kind.code: str(int(status_of(kind.__new__(kind))))
        for kind in kinds(ServiceError)
        if kind.__module__.startswith("webapp.errors") and kind.code != ServiceError.code
    }
    assert {code: errors.get(code) for code in found if errors.get(code) != "–"} == {
        code: status for code, status in found.items() if errors.get(code) != "–"
    }


def test_the_page_has_every_reason_against_a_picture(errors: dict[str, str]) -> None:
    codes = {kind.code for kind in kinds(FaceError)} - {FaceError.code}
    assert codes <= errors.keys()
