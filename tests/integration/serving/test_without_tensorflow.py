"""A server needs the packages of requirements-serve.txt and no others."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from deploy.node import ROOT
from tests.support.served.without_tensorflow import LABORATORY

pytestmark = pytest.mark.slow


def test_a_server_enrols_verifies_checks_liveness_and_identifies_without_tensorflow() -> None:
    program = [sys.executable, "-m", "tests.support.served.without_tensorflow"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "enrolled 0": 302,
        "enrolled 1": 302,
        "identified": True,
        "verified": True,
        "models": 0,
        "imported": [],
    }
    # A library with a root handler would write each of our lines twice.
    assert done.stderr.count(" verify.identify ") == 1


def test_server_requirements_name_no_laboratory_package() -> None:
    served = (ROOT / "requirements-serve.txt").read_text().lower().replace("-", "_")

    assert not LABORATORY & set(re.findall(r"^[a-z0-9_]+", served, re.MULTILINE))
