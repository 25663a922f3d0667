from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.kills.anytime import WORK
from webapp.settings import ROOT, Settings

pytestmark = pytest.mark.sqlite  # backups and kills need the database file


@pytest.mark.parametrize("moments", [5, pytest.param(50, marks=pytest.mark.long)])
def test_after_a_kill_committed_work_is_there_and_the_rest_is_whole_or_absent(
    settings: Settings, known_faces, tmp_path: Path, moments: int
) -> None:
    faces = tmp_path / "faces.pickle"
    faces.write_bytes(pickle.dumps(known_faces[0][:2]))
    script = [sys.executable, "-m", "tests.support.kills.anytime"]

    ran = subprocess.run(
        [*script, settings.instance, faces, str(moments)], capture_output=True, text=True, cwd=ROOT
    )

    assert ran.returncode == 0, ran.stderr[-2000:]
    print(ran.stdout)
    killed = [json.loads(line) for line in ran.stdout.splitlines()]
    assert Counter(kill["what"] for kill in killed) == dict.fromkeys(WORK, moments // len(WORK))
    assert (
        sum(kill["done"] > 0 for kill in killed) > moments // 4
    )  # some kills interrupted the work
