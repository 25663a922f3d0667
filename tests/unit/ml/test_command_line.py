"""The one command line of `ml`."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from ml.__main__ import COMMANDS, main


@pytest.mark.parametrize("module", [module for module, _ in COMMANDS.values()])
def test_every_command_has_a_module(module: str) -> None:
    assert find_spec(module)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in COMMANDS)


def test_an_unknown_command_prints_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trian"]) == 2

    assert "There is no command 'trian'" in (error := capsys.readouterr().err)
    assert "train" in error


def test_a_command_prints_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--help"])

    assert ended.value.code == 0
    assert "usage: python -m ml verify" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new"),
    [("train", "train"), ("group_shift", "fairness"), ("bench_peers", "bench peers")],
)
def test_an_old_spelling_names_the_new_one(old: str, new: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", f"ml.{old}"], capture_output=True, text=True, check=False
    )

    assert run.returncode == 2
    assert run.stderr.strip() == f"`python -m ml.{old}` is now `python -m ml {new}`."
