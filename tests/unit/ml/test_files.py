from __future__ import annotations

from pathlib import Path

import pytest

from ml.runtime.files import replacing


def test_a_file_is_written_whole_with_its_folder(tmp_path: Path) -> None:
    with replacing(tmp_path / "new" / "figures.json") as beside:
        beside.write_text("{}")

    assert (tmp_path / "new" / "figures.json").read_text() == "{}"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("before")

    def fail() -> None:
        with replacing(path) as beside:
            beside.write_text("half of it")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
