"""Folders of people are read in order; errors explain unusable ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.lab.datasets.errors import DatasetError
from ml.lab.datasets.folders import scan_people, scan_unlabelled


def touch(folder: Path, *files: str) -> None:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_pictures_come_by_person_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "Bo/2.PNG", "Bo/1.jpg", "Ada/x.webp", "Ada/y.jpeg")
    found = [(p.person, p.path.name) for p in scan_people(tmp_path)]
    assert found == [("Ada", "x.webp"), ("Ada", "y.jpeg"), ("Bo", "1.jpg"), ("Bo", "2.PNG")]


def test_files_that_are_no_pictures_are_ignored(tmp_path: Path) -> None:
    touch(tmp_path, "Ada/1.jpg", "Ada/2.jpg", "Ada/notes.txt", "readme.jpg", ".cache/1.jpg")
    assert {p.path.name for p in scan_people(tmp_path)} == {"1.jpg", "2.jpg"}


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is not a folder"):
        scan_people(tmp_path / "nowhere")


def test_an_empty_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="one sub-folder a person"):
        scan_people(tmp_path)


def test_pictures_without_sub_folders_are_explained(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "2.jpg")
    with pytest.raises(DatasetError, match="one sub-folder a person"):
        scan_people(tmp_path)


def test_people_with_one_picture_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "Ada/1.jpg", "Ada/2.jpg", "Bo/1.jpg", "Cy/note.txt")
    with pytest.raises(DatasetError, match=r"2 people have fewer than 2 pictures \(Bo, Cy\)"):
        scan_people(tmp_path)


def test_many_people_with_one_picture_are_not_all_listed(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{number}/1.jpg" for number in range(9)))
    with pytest.raises(DatasetError, match=r"9 people .*\(P0, P1, P2, P3, P4 and others\)"):
        scan_people(tmp_path)


def test_one_picture_is_enough_where_nothing_is_paired(tmp_path: Path) -> None:
    touch(tmp_path, "Ada/1.jpg")
    assert len(scan_people(tmp_path, fewest_pictures=1)) == 1


def test_a_flat_folder_is_read_at_any_depth_without_people(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "a/2.jpg", "a/b/3.png", "a/b/c.txt")
    assert [(p.path.name, p.person) for p in scan_unlabelled(tmp_path)] == [
        ("1.jpg", ""),
        ("2.jpg", ""),
        ("3.png", ""),
    ]


def test_an_empty_flat_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no pictures"):
        scan_unlabelled(tmp_path)
