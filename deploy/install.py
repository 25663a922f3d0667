"""Make a virtual environment and install the packages of the app or of the tests.

    python3 deploy/install.py app|tests FOLDER

It uses the standard library only, because no package is installed yet. The output of pip is shown
only if pip fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SECONDS_BETWEEN_LINES = 15  # if the output is not a terminal


class Packages(NamedTuple):
    """A requirements file, and the Python versions for which all its wheels exist."""

    title: str
    requirements: str
    oldest: tuple[int, int]
    newest: tuple[int, int]
    usual_count: int
    usual_time: str


PACKAGES = {
    "app": Packages(
        "the app's packages", "requirements-serve.txt", (3, 11), (3, 14), 34, "2 minutes"
    ),
    "tests": Packages(
        "the tests' packages", "requirements-dev.txt", (3, 11), (3, 13), 108, "2 minutes"
    ),
}


def main(name: str, folder: str) -> int:
    """Install the packages and return the exit status."""
    packages, python = PACKAGES[name], Path(folder) / "bin" / "python"
    is_new = not python.exists()
    complaint = unsupported(packages, sys.version_info[:2] if is_new else version_of(python))
    if complaint:
        return fail(complaint if is_new else f"{complaint} Before that, run: rm -r {folder}")
    if is_new:
        made = subprocess.call([sys.executable, "-m", "venv", folder])  # noqa: S603  our own command
        if made != 0:
            return fail("Python's module venv is missing. Debian, Ubuntu: apt install python3-venv")
    return install(packages, python)


def version_of(python: Path) -> tuple[int, int]:
    """Return the version of another interpreter."""
    code = "import sys; print(*sys.version_info[:2])"
    printed = subprocess.check_output([str(python), "-c", code], text=True)  # noqa: S603  our own
    major, minor = printed.split()
    return int(major), int(minor)


def unsupported(packages: Packages, version: tuple[int, int]) -> str:
    """Return a complaint that names the supported versions; empty if this is one of them."""
    if packages.oldest <= version <= packages.newest:
        return ""
    oldest, newest, this = (
        ".".join(map(str, each)) for each in (packages.oldest, packages.newest, version)
    )
    return (
        f"{packages.title[0].upper()}{packages.title[1:]} need Python {oldest} to {newest}; "
        f"this is {this}. Run: make PYTHON=python{newest} …"
    )


def install(packages: Packages, python: Path) -> int:
    """Run pip and show its progress on one line."""
    line = ProgressLine(f"Installing {packages.title}, about {packages.usual_time}")
    options = ("--no-input", "--disable-pip-version-check", "--progress-bar=off")
    files = ("-r", packages.requirements, "-c", "constraints.txt")
    printed, progress = [], Progress(packages.usual_count)
    with subprocess.Popen(  # noqa: S603  our own command
        [str(python), "-m", "pip", "install", *options, *files],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as pip:
        for text in pip.stdout or ():
            printed.append(text)
            line.show(progress.after(text))
    if pip.returncode:
        line.end("failed")
        sys.stderr.writelines(printed)
        return fail(
            "pip could not install the packages. Check the connection to the package index."
        )
    line.end(f"{progress.found} packages")
    return 0


class Progress:
    """Progress of pip, parsed from its output."""

    def __init__(self, expected: int) -> None:
        self.found, self._expected = 0, expected

    def after(self, line: str) -> str:
        """Return the progress after one more line; empty if the line adds none."""
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            self.found += 1
            name = re.split(r"[\s<>=!~;\[]", line.split(": ")[-1].removeprefix("Collecting "))[0]
            return self._counted(name)
        if fetched := re.match(r"\s*Downloading (\S+?)-\d\S*(?:\.whl|\.tar\.gz) \((.*)\)", line):
            return self._counted(f"{fetched[1]}, {fetched[2]}")
        if line.startswith("Installing collected packages"):
            return "unpacking"
        return ""

    def _counted(self, package: str) -> str:
        return f"{self.found} of about {max(self.found, self._expected)}, {package}"


class ProgressLine:
    """A status line, overwritten on a terminal and repeated at intervals elsewhere."""

    def __init__(self, title: str) -> None:
        self._title, self._began = title, time.monotonic()
        self._shown = self._began
        print(f"{title} …", end="" if sys.stdout.isatty() else "\n", flush=True)

    def show(self, state: str) -> None:
        """Show a state; an empty one changes nothing."""
        now = time.monotonic()
        if not state:
            return
        if sys.stdout.isatty():
            self._print(state, "")
        elif now - self._shown > SECONDS_BETWEEN_LINES:
            self._shown = now
            self._print(state, "\n")

    def end(self, state: str) -> None:
        """Show the final state and the time taken."""
        self._print(f"{state}, {time.monotonic() - self._began:.0f} s", "\n")

    def _print(self, state: str, end: str) -> None:
        start = "\r\033[K" if sys.stdout.isatty() else ""
        print(f"{start}{self._title}: {state}", end=end, flush=True)


def fail(complaint: str) -> int:
    """Print a complaint and return the exit status of a failure."""
    print(complaint, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
