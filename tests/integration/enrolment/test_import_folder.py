from __future__ import annotations

import csv
import errno
import io
import json
import os
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import event, select

from tests.support import faces
from tests.support.installation import rows_stored
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AuditEntry, ChallengeScope
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import setting
from webapp.services.liveness.setting import Liveness
from webapp.services.people.people import people_after


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def folder(tmp_path: Path, people) -> Path:
    """Return a folder with two people, an unusable picture, and folders of nobody."""
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
    assert "2 people enrolled with 2 photos, 0 enrolled before, 3 refused" in done.output
    stored = [(one.identifier, one.name, one.pictures) for one in people_after(None, 10)]
    assert stored == [("ada_lovelace", "ada lovelace", 1), ("grace", "grace", 1)]
    with report.open() as file:
        rows = {(row["folder"], row["file"]): row for row in csv.DictReader(file)}
    assert rows["ada_lovelace", "2.jpg"]["code"] == "no_face"
    assert rows["nobody", "a.txt"]["code"] == "not_an_image"
    assert rows["empty", ""]["code"] == "no_pictures"
    assert rows["x" * 65, ""]["code"] == "name_unusable"
    assert all(row["reason"] for row in rows.values())


def test_a_folder_may_be_named_in_a_script_that_needs_joiners(
    runner: FlaskCliRunner, tmp_path: Path, people
) -> None:
    name = "علی\u200cرضا"
    (tmp_path / "people" / name).mkdir(parents=True)
    (tmp_path / "people" / name / "1.jpg").write_bytes(people[0].photos[0])

    done = runner.invoke(args=["import-folder", str(tmp_path / "people"), "--consent"])

    assert done.exit_code == 0, done.output
    assert [one.identifier for one in people_after(None, 10)] == [name]


def test_an_interrupted_import_resumes(runner: FlaskCliRunner, folder: Path) -> None:
    (folder / "grace").rename(folder.parent / "grace")
    runner.invoke(args=["import-folder", str(folder), "--consent"])
    (folder.parent / "grace").rename(folder / "grace")

    again = runner.invoke(args=["import-folder", str(folder), "--consent"])

    assert "1 people enrolled with 1 photos, 1 enrolled before" in again.output
    assert rows_stored()["person"] == 2


def test_the_report_keeps_refusals_from_before_an_interruption(
    runner: FlaskCliRunner, folder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "refused.csv"
    command = ["import-folder", str(folder), "--consent", "--report", str(report)]
    runner.invoke(args=command)
    before = report.read_text()
    (folder / "late").mkdir()

    again = runner.invoke(args=command)

    assert "0 people enrolled with 0 photos, 2 enrolled before" in again.output
    assert report.read_text().startswith(before)
    (added,) = report.read_text().removeprefix(before).splitlines()
    assert added.startswith("late,,no_pictures")


def test_a_dry_run_stores_nothing_and_reports_the_same(
    runner: FlaskCliRunner, folder: Path
) -> None:
    before = rows_stored()

    looked = runner.invoke(args=["import-folder", str(folder), "--dry-run"])

    assert "2 people would be enrolled with 2 photos" in looked.output
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


def test_a_folder_that_leaves_no_name_is_refused(
    runner: FlaskCliRunner, folder: Path, people
) -> None:
    for name in ("_", "__", "a\x07b", os.fsdecode(b"\xff")):
        (folder / name).mkdir()
        (folder / name / "1.jpg").write_bytes(people[0].photos[0])

    done = runner.invoke(args=["import-folder", str(folder), "--dry-run"])

    for name in ("_", "__", "a\x07b", "\\xff"):
        assert f"{name}/: name_unusable" in done.output


@pytest.mark.parametrize("dry", [True, False])
def test_folders_whose_names_are_compared_as_the_same_are_not_one_person(
    runner: FlaskCliRunner, folder: Path, people, dry: bool
) -> None:
    (folder / "Grace").mkdir()
    (folder / "Grace" / "1.jpg").write_bytes(people[1].photos[1])
    how = "--dry-run" if dry else "--consent"

    done = runner.invoke(args=["import-folder", str(folder), how])
    assert "grace/: duplicate_identifier" in done.output
    assert "0 enrolled before, 4 refused" in done.output


def test_another_person_with_the_identifier_does_not_count_as_imported(
    runner: FlaskCliRunner, folder: Path, known_faces
) -> None:
    store.enrol(NewPerson("GRACE", "Grace", True), known_faces[0][:1], SERVER)

    done = runner.invoke(args=["import-folder", str(folder), "--consent"])

    assert "grace/: duplicate_identifier" in done.output
    assert "0 enrolled before" in done.output


def test_files_that_cannot_be_read_or_are_huge_do_not_end_it(
    runner: FlaskCliRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "grace" / "2.jpg").touch()
    opened = Path.open

    class Unreadable(io.BytesIO):
        def read(self, *_size: object) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    def open_all_but_one(path: Path, *args: object, **options: object) -> object:
        return Unreadable() if path.name == "2.jpg" else opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", open_all_but_one)  # opens, but cannot be read
    with (folder / "grace" / "3.jpg").open("wb") as huge:
        huge.truncate(30_000_000)

    done = runner.invoke(args=["import-folder", str(folder), "--consent"])

    assert done.exit_code == 0, done.output
    assert "grace/2.jpg: unreadable: The file or folder cannot be read." in done.output
    assert "grace/3.jpg: too_many_bytes" in done.output
    assert "2 people enrolled with 2 photos" in done.output


def test_a_stopped_import_reports_its_progress_and_fails(
    app: Flask, runner: FlaskCliRunner, folder: Path
) -> None:
    stored: list[object] = []

    def stop(*_asked: object) -> None:
        if stored:
            stored.clear()
            raise KeyboardInterrupt

    event.listen(db.session, "after_commit", stored.append, once=True)
    event.listen(db.engine, "before_cursor_execute", stop)

    stopped = runner.invoke(args=["import-folder", str(folder), "--consent"])

    assert stopped.exit_code == 1
    assert "Run the same command to resume" in stopped.output
    db.session.remove()  # as the end of the process does
    again = runner.invoke(args=["import-folder", str(folder), "--consent"])
    assert "1 people enrolled with 1 photos, 1 enrolled before" in again.output


def test_no_name_in_the_report_is_taken_for_a_formula(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    report, root = tmp_path / "refused.csv", tmp_path / "people"
    for name in ('=HYPERLINK("http:evil","x")', "＝1+1", "plain"):
        (root / name).mkdir(parents=True)
        (root / name / "@SUM(1).jpg").write_bytes(b"no picture")
    command = ["import-folder", str(root), "--consent", "--report", str(report)]

    for _ in range(2):  # a recorded result is recognised again
        assert runner.invoke(args=command).exit_code == 0

    with report.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["folder"] for row in rows} == {
        "'=HYPERLINK(\"http:evil\",\"x\")", "'＝1+1", "plain"
    }  # fmt: skip
    assert [row["file"] for row in rows] == ["'@SUM(1).jpg"] * 3


def test_symbolic_links_are_skipped_and_reported(
    runner: FlaskCliRunner, folder: Path, tmp_path: Path, people
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "1.jpg").write_bytes(people[0].photos[0])
    (folder / "Bill_Gates").symlink_to(elsewhere)
    (folder / "linked").mkdir()
    (folder / "linked" / "1.jpg").symlink_to(elsewhere / "1.jpg")
    (folder / "linked" / "gone.jpg").symlink_to(elsewhere / "gone.jpg")
    (folder / "grace" / "2.jpg").symlink_to(elsewhere / "1.jpg")

    output = runner.invoke(args=["import-folder", str(folder), "--consent"]).output

    for place in ("Bill_Gates/", "linked/1.jpg", "linked/gone.jpg", "grace/2.jpg"):
        assert f"{place}: symbolic_link: " in output
    assert [(one.identifier, one.pictures) for one in people_after(None, 10)] == [
        ("ada_lovelace", 1),
        ("grace", 1),
    ]


def test_doubts_that_an_import_overrides_are_in_the_audit_log(
    runner: FlaskCliRunner, folder: Path, people
) -> None:
    (folder / "grace" / "2.jpg").write_bytes(people[0].photos[1])
    runner.invoke(args=["import-folder", str(folder), "--consent", "--accept-doubts"])

    (noted,) = overridden("person_enrolled")
    assert {doubt["code"] for doubt in noted} >= {"unlike_the_others"}


def overridden(event: str) -> list[list[dict[str, str]]]:
    rows = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == event))
    details = [json.loads(row) for row in rows]
    return [one["overridden"] for one in details if "overridden" in one]


def test_an_import_needs_no_challenge_where_pages_do(runner: FlaskCliRunner, folder: Path) -> None:
    setting.change(Liveness(ChallengeScope.ENROLMENT), "photos were shown", SERVER)

    done = runner.invoke(args=["import-folder", str(folder), "--consent"])

    assert "2 people enrolled" in done.output
