"""Laboratory commands name the missing data in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

COMMANDS = (
    ("evaluate",),
    ("calibrate", "open"),
    ("bench", "detectors", "celeba_wild/test"),
    ("bench", "liveness"),
    ("liveness", "measure"),
    ("liveness", "simulate", "genuine", "film.mjpeg"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_names_the_data_that_is_missing(command: tuple[str, ...], tmp_path: Path) -> None:
    missing = tmp_path / "none"

    run = subprocess.run(
        [sys.executable, "-m", "ml", *command],
        env=os.environ | {"FACES_DATA": str(missing), "PYTHONPATH": os.getcwd()},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 2
    assert str(missing) in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr
