"""Run the parts of the test suite one after another, and report each at the end.

    python -m tests.run [--strict] [PART …]

A part that fails does not stop the next. A part whose tools or data are missing is left out, with
the reason; with --strict it counts as failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import sync_playwright

from ml.lab.evaluation.protocols.photos import SHARED
from tests.support.browser import chromium

ROOT = Path(__file__).parents[1]
WORKERS = os.environ.get("TEST_WORKERS", "2")
# Tests of a browser file share a site. Other idle workers take tests from busy ones.
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
BY_TEST = ("--dist", "worksteal")


@dataclass(frozen=True)
class Part:
    """A part of the suite.

    Attributes:
        about: a short description.
        commands: all run, in order.
        missing: returns the missing requirement; empty if the part can run.
        is_shown: whether its output is shown while it runs, not only after a failure.
        is_subset: whether another part contains its tests; then it runs only if named.
    """

    about: str
    commands: Callable[[], Sequence[Sequence[str]]]
    missing: Callable[[], str] = lambda: ""
    is_shown: bool = False
    is_subset: bool = False


@dataclass
class Result:
    """The end of a part; counts and omissions are read from pytest's closing lines."""

    outcome: str
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _pytest(marks: str, *arguments: str) -> Callable[[], Sequence[Sequence[str]]]:
    return lambda: [_module("pytest", "-q", "-n", WORKERS, "-m", marks, *arguments)]


def _node() -> Sequence[Sequence[str]]:
    """Run Playwright's own node, so that nobody needs to install one."""
    files = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.js"))
    return [[compute_driver_executable()[0], "--test", "--test-reporter=spec", *files]]


def _script(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _without_chromium() -> str:
    if _has_chromium():
        return ""
    print()
    chromium.install()
    return "" if _has_chromium() else chromium.MISSING


def _has_chromium() -> bool:
    with sync_playwright() as playwright:
        return chromium.find(playwright) is not None


def _without_data() -> str:
    there = (SHARED / "lfw" / "pairs.txt").exists()
    return "" if there else f"{SHARED} is missing; FACES_DATA names another folder"


PARTS = {
    "lint": Part(
        "ruff", lambda: [_module("ruff", "check", "."), _module("ruff", "format", "--check", ".")]
    ),
    "types": Part("mypy", lambda: [_module("mypy")]),
    "contracts": Part("which package may import which", lambda: [[_script("lint-imports")]]),
    "js": Part("the browser's modules", _node),
    "quick": Part(
        "tests that need no network, browser, data set or other process",
        _pytest("not long", "--quick", *BY_TEST, "--ignore=tests/browser"),
        is_shown=True,
        is_subset=True,
    ),
    "tests": Part(
        "unit, integration and security tests",
        _pytest("not long and not browser and not data", *BY_TEST, "--ignore=tests/browser"),
        is_shown=True,
    ),
    "browser": Part(
        "pages in Chromium",
        _pytest("browser and not long and not data", *BY_FILE, "tests/browser"),
        _without_chromium,
        is_shown=True,
    ),
    "data": Part(
        "real faces of the data sets",
        _pytest("data and not long", *BY_TEST),
        _without_data,
        is_shown=True,
    ),
}


def main(arguments: Sequence[str], parts: Mapping[str, Part] = PARTS) -> int:
    """Run parts, all by default; return the exit status."""
    strict = "--strict" in arguments
    named = [name for name in arguments if not name.startswith("-")]
    names = named or [name for name, part in parts.items() if not part.is_subset]
    unknown = set(names) - set(parts)
    if unknown:
        print(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join(parts)}")
        return 2
    results = {}
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name}: {parts[name].about}", end=" … ", flush=True)
        results[name] = _run(parts[name])
    return _report(results, strict)


def _run(part: Part) -> Result:
    began = time.monotonic()
    missing = part.missing()
    if missing:
        print(f"left out: {missing}")
        return Result("left out", left_out=Counter({missing: 1}))
    if part.is_shown:
        print()
    outputs, failed = [], False
    for command in part.commands():
        status, output = _output(command, part.is_shown)
        outputs.append(output)
        failed = failed or status != 0
    result = _read("".join(outputs))
    result.outcome, result.seconds = "FAILED" if failed else "passed", time.monotonic() - began
    print(f"{result.outcome}, {result.seconds:.0f} s" if not part.is_shown else "", flush=True)
    if failed and not part.is_shown:
        print("".join(outputs), flush=True)
    return result


def _output(command: Sequence[str], is_shown: bool) -> tuple[int, str]:
    """Run a command; return its exit status and its output."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        printed = bytearray()
        for piece in _pieces(process):
            printed += piece
            if is_shown:
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
    return process.returncode, printed.decode(errors="replace")


def _pieces(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    while process.stdout and (piece := os.read(process.stdout.fileno(), 65536)):
        yield piece


def _read(output: str) -> Result:
    """Return the counts of pytest and node, and the reasons of skipped tests."""
    result = Result("")
    closing = re.findall(r"^=* ?(\d+ (?:passed|failed|error|skipped).*) in [\d.]+s", output, re.M)
    for count, word in re.findall(r"(\d+) (passed|failed|error|skipped)", " ".join(closing)):
        result.counts["failed" if word == "error" else word] += int(count)
    for word, count in re.findall(r"^ℹ (pass|fail|skipped) (\d+)", output, re.M):
        result.counts[{"pass": "passed", "fail": "failed"}.get(word, word)] += int(count)
    for count, reason in re.findall(r"^SKIPPED \[(\d+)\] \S+: (.*)", output, re.M):
        result.left_out[reason] += int(count)
    return result


def _report(results: dict[str, Result], strict: bool) -> int:
    """Print a line for each part and each reason of an omission."""
    counts: Counter[str] = sum((result.counts for result in results.values()), Counter())
    for name, result in results.items():
        if result.outcome == "left out":
            print(f"{name:<10} left out: {', '.join(result.left_out)}")
            continue
        numbers = ", ".join(f"{number} {word}" for word, number in result.counts.items())
        print(f"{name:<10} {result.outcome} {result.seconds:5.0f} s  {numbers}".rstrip())
        for reason, number in result.left_out.items():
            print(f"           left out: {number} tests, {reason}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    bad = ("FAILED", "left out") if strict else ("FAILED",)
    return int(any(result.outcome in bad for result in results.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
