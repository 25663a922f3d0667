from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ml import usable_cores

ROOT = Path(__file__).parents[3]


def test_a_process_counts_the_cores_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)

    assert usable_cores() == 3


@pytest.mark.parametrize(("counted", "usable"), [(8, 8), (None, 1)])
def test_a_system_without_affinity_counts_its_cores(
    monkeypatch: pytest.MonkeyPatch, counted: int | None, usable: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)

    assert usable_cores() == usable


def test_every_use_of_proc_has_a_fallback() -> None:
    reading = {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in ("ml", "webapp", "deploy", "tests", "clients")
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(__file__) and re.search(r"[\"']/proc/", path.read_text())
    }

    assert {name for name, text in reading.items() if ".exists()" not in text} == set()


def test_one_module_alone_uses_linux_only_functions() -> None:
    asking = {
        str(path.relative_to(ROOT))
        for folder in ("ml", "webapp", "deploy", "tests", "clients")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.sched_getaffinity|os\.process_cpu_count", path.read_text())
    }
    asking |= (
        {"gunicorn.conf.py"} if "affinity" in (ROOT / "gunicorn.conf.py").read_text() else set()
    )

    assert asking == {"ml/runtime/cores.py"}
