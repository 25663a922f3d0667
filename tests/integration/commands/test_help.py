"""`--help` of every command, in this process, prints a page and does nothing else."""

from __future__ import annotations

import pytest

from ml.__main__ import COMMANDS, main

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_prints_its_page(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*name.split(), "--help"])

    assert ended.value.code == 0
    assert f"usage: python -m ml {name} [-h]" in capsys.readouterr().out
