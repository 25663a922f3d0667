from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.lab.evaluation.protocols.pairs_csv import read_pairs
from ml.lab.evaluation.protocols.photos import Pairs, ProtocolError

PEOPLE = ("ann", "ben", "cem", "dia")

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create files of four people with three photos each; their content does not matter."""
    for person in PEOPLE:
        (tmp_path / person).mkdir()
        for number in range(3):
            (tmp_path / person / f"{number}.jpg").touch()
    return tmp_path


def read(folder: Path, text: str) -> Pairs:
    table = folder / "pairs.csv"
    table.write_text(text, encoding="utf-8")
    return read_pairs(table)


GOOD = "ann/0.jpg,ann/1.jpg\nann/0.jpg,ben/0.jpg\ncem/0.jpg,cem/1.jpg\ncem/0.jpg,dia/0.jpg\n"


def test_people_are_the_folders_unless_columns_name_them(folder):
    pairs = read(folder, "a,b\n" + GOOD)
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.photos.names == PEOPLE
    renamed = "a,b,person_a,person_b\nann/0.jpg,ben/0.jpg,x,x\nann/1.jpg,ann/2.jpg,y,z\n"
    pairs = read(folder, renamed + "cem/0.jpg,cem/1.jpg,u,v\n")
    assert pairs.same.tolist() == [True, False, False]
    assert pairs.photos.names == ("u", "v", "x", "y", "z")


def test_folds_are_taken_as_given(folder):
    lines = [f"{line},{fold}" for line, fold in zip(GOOD.split(), "qqpp", strict=True)]
    assert read(folder, "a,b,fold\n" + "\n".join(lines)).fold.tolist() == [1, 1, 0, 0]


def test_folds_that_are_not_given_are_disjoint_by_person(folder):
    pairs = read(folder, "a,b\n" + GOOD)
    assert pairs.fold[0] == pairs.fold[1] != pairs.fold[2] == pairs.fold[3]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x,y\n1,2\n", "header line"),
        ("a,b,person_a\n", "header line"),
        ("", "header line"),
        ("a,b\n", "no pairs"),
        ("a,b\nann/0.jpg\n", "line 2: 2 values"),
        ("a,b\nann/0.jpg,ann/1.jpg\nann/0.jpg,ann/1.jpg,1\n", "line 3: 2 values"),
        ("a,b\nann/0.jpg,\n", "line 2: no value for b"),
        ("a,b\nann/0.jpg,ann/7.jpg\n", "line 2: 'ann/7.jpg' is no file"),
        ("a,b\nann/0.jpg,ann/../ann/0.jpg\n", "line 2: a photo is paired with itself"),
        ("a,b,same\nann/0.jpg,ann/1.jpg,maybe\n", "line 2: same must be 1 or 0"),
        ("a,b,same\nann/0.jpg,ben/1.jpg,1\n", "line 2: same is 1, but the people are 'ann' and"),
        (
            "a,b,person_a,person_b\nann/0.jpg,ann/1.jpg,x,x\nann/0.jpg,ben/0.jpg,z,y\n",
            "line 3: 0.jpg shows 'z', but 'x'",
        ),
        ("a,b\nann/0.jpg,ann/1.jpg\nann/0.jpg,ben/0.jpg\n", "too few people: 2"),
        ("a,b\nann/0.jpg,ben/0.jpg\ncem/0.jpg,dia/0.jpg\n", "pairs of one person"),
        ("a,b,fold\n" + GOOD.replace("\n", ",1\n"), "one fold only"),
    ],
)
def test_an_error_names_its_line(folder, text, complaint):
    with pytest.raises(ProtocolError, match=complaint):
        read(folder, text)


def test_a_file_that_is_no_table_is_refused(folder):
    (folder / "pairs.csv").write_bytes(b"a,b\n\xff\xfe,\x00\n")
    with pytest.raises(ProtocolError, match="cannot be read"):
        read_pairs(folder / "pairs.csv")
    with pytest.raises(ProtocolError, match="cannot be read"):
        read_pairs(folder / "absent.csv")


def outcome(folder: Path, text: str) -> Pairs | str:
    """Return the pairs, or the error text."""
    try:
        return read(folder, text)
    except ProtocolError as error:
        return str(error)


@same_folder
@given(
    st.text(alphabet=string.printable, max_size=200), st.sampled_from(["", "a,b\n", "a,b,same\n"])
)
def test_any_text_is_read_or_refused_with_a_sentence(folder, text, header):
    result = outcome(folder, header + text)
    assert "pairs.csv" in result if isinstance(result, str) else len(result.a) == len(result.fold)


photo = st.tuples(st.sampled_from(PEOPLE), st.integers(0, 2))


@same_folder
@given(st.lists(st.tuples(photo, photo).filter(lambda pair: pair[0] != pair[1]), min_size=1))
def test_every_pair_written_is_the_pair_read(folder, written):
    lines = [f"{a[0]}/{a[1]}.jpg,{b[0]}/{b[1]}.jpg,{int(a[0] == b[0])}" for a, b in written]
    pairs = outcome(folder, "a,b,same\n" + "\n".join(lines))
    people = {person for pair in written for person, _ in pair}
    if len(people) < len(PEOPLE) or len({a[0] == b[0] for a, b in written}) == 1:
        assert isinstance(pairs, str)
        return
    assert isinstance(pairs, Pairs)
    for row, (a, b) in enumerate(written):
        for side, (person, number) in ((pairs.a, a), (pairs.b, b)):
            assert pairs.photos.paths[side[row]] == (folder / person / f"{number}.jpg").resolve()
    np.testing.assert_array_equal(pairs.same, [a[0] == b[0] for a, b in written])
