from __future__ import annotations

import subprocess
import sys

import pytest

from webapp.settings import ROOT

pytestmark = pytest.mark.slow


def test_rules_for_security_find_nothing_in_what_serves() -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--select=S",
            "webapp",
            "wsgi.py",
            "gunicorn.conf.py",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert ran.returncode == 0, ran.stdout
