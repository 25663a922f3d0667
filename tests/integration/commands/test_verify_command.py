from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from ml.verify import UNUSABLE, main
from tests.support import faces

pytestmark = pytest.mark.real_faces


@pytest.fixture
def files(people, tmp_path: Path) -> dict[str, Path]:
    pictures = {
        "same_a.jpg": people[0].photos[0],
        "same_b.jpg": people[0].photos[1],
        "other.jpg": people[1].photos[0],
        "empty.jpg": faces.without_face(),
        "text.jpg": b"this is no picture",
    }
    for name, data in pictures.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in pictures}


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)


def test_two_photos_of_one_person_match(files, capsys):
    assert main(["--json", str(files["same_a.jpg"]), str(files["same_b.jpg"])]) == 0
    result = answer(capsys)
    assert result["match"] is True
    assert result["similarity"] >= result["threshold"]
    assert result["score"] > 50
    assert set(result) == {
        "similarity",
        "score",
        "threshold",
        "match",
        "model_id",
        "reasons",
        "ms",
    }


def test_two_people_do_not_match(files, capsys):
    assert main(["--json", str(files["same_a.jpg"]), str(files["other.jpg"])]) == 0
    result = answer(capsys)
    assert result["match"] is False
    assert result["score"] < 50


def test_several_equal_faces_are_reported(files, people, capsys):
    two = files["same_a.jpg"].with_name("two.jpg")
    two.write_bytes(faces.side_by_side(people[0].photos[0], people[1].photos[0]))

    assert main([str(files["same_a.jpg"]), str(two)]) == 0
    assert f"{two}: several_faces" in capsys.readouterr().err


def test_words_name_score_threshold_and_model(files, capsys):
    assert main([str(files["same_a.jpg"]), str(files["other.jpg"])]) == 0
    words = capsys.readouterr().out
    assert "no match" in words
    assert "threshold 50" in words
    assert "not a probability" in words


@pytest.mark.parametrize(
    ("name", "reason"),
    [("empty.jpg", "no_face"), ("text.jpg", "not_an_image"), ("absent.jpg", "No such file")],
)
def test_an_unusable_picture_is_named_with_its_reason(files, capsys, name, reason):
    path = files["same_a.jpg"].parent / name
    assert main([str(files["same_a.jpg"]), str(path)]) == UNUSABLE
    complaint = capsys.readouterr().err
    assert name in complaint
    assert reason in complaint


def test_one_picture_alone_is_refused(files, capsys):
    assert main([str(files["same_a.jpg"])]) == UNUSABLE
    assert "two pictures" in capsys.readouterr().err


def test_unknown_model_lists_the_installed(files, capsys):
    assert (
        main(["--model", "nobody", str(files["same_a.jpg"]), str(files["other.jpg"])]) == UNUSABLE
    )
    assert "installed: " in capsys.readouterr().err


def test_every_pair_of_a_table_gets_its_line(files, capsys, tmp_path):
    table = tmp_path / "pairs.csv"
    rows = [("same_a.jpg", "same_b.jpg"), ("same_a.jpg", "empty.jpg"), ("same_a.jpg", "other.jpg")]
    table.write_text("a,b\n" + "".join(f"{files[a]},{files[b]}\n" for a, b in rows))
    assert main(["--pairs", str(table)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["match"] for line in lines] == [True, None, False]
    assert "no_face" in lines[1]["error"]


@pytest.mark.parametrize("content", ["x,y\n1,2\n", "a,b\nonly-one\n"])
def test_a_table_of_another_form_is_refused(content, capsys, tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text(content)
    assert main(["--pairs", str(table)]) == UNUSABLE
    assert "header line" in capsys.readouterr().err


def test_the_aligned_faces_are_written_side_by_side(files, tmp_path):
    out = tmp_path / "chips.png"
    assert main(["--chips", str(out), str(files["same_a.jpg"]), str(files["same_b.jpg"])]) == 0
    assert Image.open(out).size == (300, 150)
