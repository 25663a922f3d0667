"""What gunicorn is told, by the machine and the settings."""

from __future__ import annotations

import os
import runpy
from unittest.mock import patch

import pytest

from deploy.cluster import ROOT


@pytest.mark.parametrize("cores", [1, 2, 8, 64])
@pytest.mark.parametrize("threads", ["1", "16", "100"])
def test_threads_are_left_to_refuse_whoever_finds_all_places_taken(
    cores: int, threads: str
) -> None:
    given = {"FACES_AT_ONCE": str(cores), "FACES_WAITING": "8", "THREADS": threads}
    with patch.dict(os.environ, given):
        told = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
        assert os.environ["THREADS"] == str(told["threads"])

    assert told["threads"] > cores + 8
    assert told["threads"] >= int(threads)
