"""Installing: supported versions of Python, and the progress of pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.install import PACKAGES, Progress, main, unsupported

LINES = """\
Requirement already satisfied: wheel in ./lib (from -r requirements.txt (line 2)) (0.1)
Collecting flask==3.1.3 (from -r requirements.txt (line 3))
  Downloading flask-3.1.3-py3-none-any.whl.metadata (3.2 kB)
  Downloading flask-3.1.3-py3-none-any.whl (103 kB)
Collecting psycopg[binary]==3.3.9 (from -r requirements.txt (line 4))
Installing collected packages: flask, psycopg
Successfully installed flask-3.1.3 psycopg-3.3.9
"""


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 99), (4, 0)])
def test_an_unsupported_python_names_the_supported_versions(
    name: str, version: tuple[int, int]
) -> None:
    complaint = unsupported(PACKAGES[name], version)

    assert f"this is {version[0]}.{version[1]}" in complaint
    assert "Python 3.11 to 3.1" in complaint
    assert "make PYTHON=python3." in complaint


@pytest.mark.parametrize("name", PACKAGES)
def test_every_version_between_the_oldest_and_the_newest_can_be_used(name: str) -> None:
    packages = PACKAGES[name]

    assert not unsupported(packages, packages.oldest)
    assert not unsupported(packages, packages.newest)


def test_an_environment_of_an_unsupported_python_must_be_removed_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    too_new = tmp_path / "bin" / "python"
    too_new.write_text("#!/bin/sh\necho 3 99\n")
    too_new.chmod(0o700)

    assert main("tests", str(tmp_path)) == 1

    complaint = capsys.readouterr().err
    assert "this is 3.99" in complaint
    assert f"rm -r {tmp_path}" in complaint


def test_progress_counts_packages_and_names_the_one_that_is_fetched() -> None:
    progress = Progress(expected=3)

    shown = [text for line in LINES.splitlines() if (text := progress.after(line))]

    assert shown == [
        "1 of about 3, wheel",
        "2 of about 3, flask",
        "2 of about 3, flask, 103 kB",
        "3 of about 3, psycopg",
        "unpacking",
    ]
    assert progress.found == 3
