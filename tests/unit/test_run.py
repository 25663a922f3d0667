"""Parts of the suite: a failed or omitted one is reported, and hides no other."""

from __future__ import annotations

import sys

import pytest

from tests.run import Part, main

PYTEST = r"""
print("SKIPPED [2] tests/a.py:3: nginx is not installed")
print("SKIPPED [1] tests/b.py:9: nginx is not installed")
print("==== 1 failed, 20 passed, 3 skipped in 12.34s (0:00:12) ====")
"""


def part(code: str, missing: str = "") -> Part:
    return Part("a part", lambda: [[sys.executable, "-c", code]], lambda: missing)


def test_a_part_that_fails_does_not_stop_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    parts = {"bad": part("print('why it failed'); raise SystemExit(1)"), "good": part("")}

    assert main([], parts) == 1

    printed = capsys.readouterr().out
    assert "why it failed" in printed
    assert [line.split()[:2] for line in printed.splitlines()[-3:-1]] == [
        ["bad", "FAILED"],
        ["good", "passed"],
    ]


def test_every_command_of_a_part_runs(capsys: pytest.CaptureFixture[str]) -> None:
    commands = [[sys.executable, "-c", f"print({n}); raise SystemExit({n})"] for n in (1, 2)]

    assert main([], {"two": Part("two commands", lambda: commands)}) == 1
    assert "1\n2\n" in capsys.readouterr().out


def test_a_passing_part_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {"quiet": part("print('all is well')")}) == 0
    assert "all is well" not in capsys.readouterr().out


@pytest.mark.parametrize(("options", "status"), [((), 0), (("--strict",), 1)])
def test_a_part_that_cannot_run_is_left_out_with_its_reason(
    options: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {"data": part("raise SystemExit(1)", missing="the data is missing")}

    assert main(options, parts) == status
    assert "data       left out: the data is missing" in capsys.readouterr().out


def test_the_summary_counts_tests_and_explains_omissions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([], {"one": part(PYTEST), "other": part(PYTEST)}) == 0

    printed = capsys.readouterr().out
    assert "left out: 3 tests, nginx is not installed" in printed
    assert printed.splitlines()[-1] == "40 passed, 2 failed, 6 skipped"


def test_only_the_parts_named_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["good"], {"bad": part("raise SystemExit(1)"), "good": part("")}) == 0
    assert "bad" not in capsys.readouterr().out


def test_a_part_of_another_parts_tests_runs_only_if_it_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = {
        "quick": Part("few", lambda: [[sys.executable, "-c", ""]], is_subset=True),
        "tests": part(""),
    }

    assert main([], parts) == 0
    assert "quick" not in capsys.readouterr().out
    assert main(["quick"], parts) == 0
    assert "quick" in capsys.readouterr().out


def test_an_unknown_part_is_refused_with_those_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["browsr"], {"browser": part("")}) == 2
    assert capsys.readouterr().out == "No such part: browsr. There are: browser\n"
