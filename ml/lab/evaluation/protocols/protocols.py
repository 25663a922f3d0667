"""Protocols: LFW's View 2, a table of pairs, or a folder of people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.lab.evaluation.protocols.folder_pairs import folder_pairs
from ml.lab.evaluation.protocols.folds import NO_FOLD
from ml.lab.evaluation.protocols.lfw import lfw_view2
from ml.lab.evaluation.protocols.pairs_csv import read_pairs
from ml.lab.evaluation.protocols.photos import Pairs, photos_in

LFW = "lfw"


@dataclass(frozen=True)
class Protocol:
    """A protocol on which models are measured.

    Attributes:
        name: name in file names.
        title: name in reports.
        pairs: photos, people, pairs and folds.
        folds: origin of the folds, for reports.
        whole_people: whether the protocol has all photos of each person, so that some can be
            enrolled.
    """

    name: str
    title: str
    pairs: Pairs
    folds: str
    whole_people: bool = False


def find_protocol(wanted: str) -> Protocol:
    """Return a protocol: "lfw", a path that ends in .csv, or a folder.

    Raises:
        ProtocolError: if its files are missing or malformed; the text names them.
    """
    if wanted == LFW:
        return Protocol(LFW, "LFW View 2", lfw_view2(), "as published, disjoint by person")
    path = Path(wanted)
    if path.suffix.lower() == ".csv":
        pairs = read_pairs(path)
        return Protocol(path.stem, path.name, pairs, _folds_of_table(pairs))
    name = "-".join(path.resolve().parts[-2:])
    folds = "people dealt at random; all genuine pairs, as many impostor pairs drawn within a fold"
    return Protocol(name, path.as_posix(), folder_pairs(photos_in(path)), folds, whole_people=True)


def _folds_of_table(pairs: Pairs) -> str:
    person = pairs.photos.person
    left_out = int((pairs.fold == NO_FOLD).sum())
    if left_out:
        return (
            f"people dealt to folds; {left_out} of {len(pairs.fold)} pairs join people of two "
            "folds and take no part in the accuracy (a fold column would use them)"
        )
    stand_in = np.unique(
        np.concatenate(
            [np.column_stack([person[side], pairs.fold]) for side in (pairs.a, pairs.b)]
        ),
        axis=0,
    )
    twice = len(stand_in) - len(np.unique(stand_in[:, 0]))
    return f"{twice} people stand in several folds" if twice else "disjoint by person"
