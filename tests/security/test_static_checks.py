from __future__ import annotations

import subprocess
import sys

import pytest

from webapp.settings import ROOT

pytestmark = pytest.mark.slow


def test_security_rules_find_nothing_in_served_code() -> None:
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
