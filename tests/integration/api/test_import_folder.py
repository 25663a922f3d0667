from __future__ import annotations

import csv
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from tests import faces
from tests.installation import rows_stored
from webapp.services.people import people_after


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def folder(tmp_path: Path, people) -> Path:
    """Two people who can be enrolled, with a picture that cannot; a third who cannot be."""
    root = tmp_path / "people"
    for name, pictures in (
        ("ada_lovelace", {"1.jpg": people[0].photos[0], "2.jpg": faces.without_face()}),
        ("grace", {"1.jpg": people[1].photos[0], ".hidden": b"x"}),
        ("nobody", {"a.txt": b"no picture"}),
        ("empty", {}),
        (".git", {"1.jpg": people[0].photos[0]}),
        ("x" * 65, {"1.jpg": people[0].photos[0]}),
    ):
        (root / name).mkdir(parents=True)
        for file, data in pictures.items():
            (root / name / file).write_bytes(data)
    return root


def test_people_are_enrolled_from_their_folders_and_the_refused_reported(
    runner: FlaskCliRunner, folder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "refused.csv"

    done = runner.invoke(args=["import-folder", str(folder), "--consent", "--report", str(report)])

    assert done.exit_code == 0, done.output
    assert "2 people enrolled with 2 pictures, 0 enrolled before, 3 refused" in done.output
    stored = [(one.identifier, one.name, one.pictures) for one in people_after(None, 10)]
    assert stored == [("ada_lovelace", "ada lovelace", 1), ("grace", "grace", 1)]
    with report.open() as file:
        rows = {(row["folder"], row["file"]): row for row in csv.DictReader(file)}
    assert rows["ada_lovelace", "2.jpg"]["code"] == "no_face"
    assert rows["nobody", "a.txt"]["code"] == "not_an_image"
    assert rows["empty", ""]["code"] == "no_pictures"
    assert rows["x" * 65, ""]["code"] == "name_unusable"
    assert all(row["reason"] for row in rows.values())


def test_an_import_that_broke_off_goes_on_where_it_ended(
    runner: FlaskCliRunner, folder: Path
) -> None:
    (folder / "grace").rename(folder.parent / "grace")
    runner.invoke(args=["import-folder", str(folder), "--consent"])
    (folder.parent / "grace").rename(folder / "grace")

    again = runner.invoke(args=["import-folder", str(folder), "--consent"])

    assert "1 people enrolled with 1 pictures, 1 enrolled before" in again.output
    assert rows_stored()["person"] == 2


def test_a_dry_run_stores_nothing_and_tells_the_same(runner: FlaskCliRunner, folder: Path) -> None:
    before = rows_stored()

    looked = runner.invoke(args=["import-folder", str(folder), "--dry-run"])

    assert "2 people would be enrolled with 2 pictures" in looked.output
    assert "ada_lovelace/2.jpg: no_face: No face was found." in looked.output
    assert rows_stored() == before


def test_without_consent_nothing_is_stored(runner: FlaskCliRunner, folder: Path) -> None:
    refused = runner.invoke(args=["import-folder", str(folder)])

    assert refused.exit_code == 1
    assert "add --consent" in refused.output
    assert rows_stored()["person"] == 0


def test_the_same_face_in_two_folders_is_taken_only_where_doubts_are_accepted(
    runner: FlaskCliRunner, folder: Path, people
) -> None:
    (folder / "twin").mkdir()
    (folder / "twin" / "1.jpg").write_bytes(people[0].photos[0])

    careful = runner.invoke(args=["import-folder", str(folder), "--consent"])
    bold = runner.invoke(args=["import-folder", str(folder), "--consent", "--accept-doubts"])

    assert "twin/1.jpg: like_somebody_else" in careful.output
    assert "1 people enrolled" in bold.output
    assert rows_stored()["person"] == 3
