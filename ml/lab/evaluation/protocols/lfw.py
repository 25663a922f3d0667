"""View 2 of Labeled Faces in the Wild: ten folds of 300 genuine and 300 impostor pairs.

Huang, Ramesh, Berg, Learned-Miller, "Labeled Faces in the Wild: A database for studying face
recognition in unconstrained environments", 2007. `pairs.txt` begins with the numbers of folds and
pairs. A genuine line is name, number, number; an impostor line is name, number, name, number.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml.lab.evaluation.protocols.photos import SHARED, Pairs, Photos, ProtocolError

LFW = SHARED / "lfw"


def lfw_view2(folder: Path = LFW) -> Pairs:
    """Read the protocol and the photos that it names.

    Raises:
        ProtocolError: if `pairs.txt` or a photo is missing.
    """
    listing = folder / "pairs.txt"
    if not listing.exists():
        raise ProtocolError(f"{listing} is missing; View 2 needs LFW (deep-funneled) in {folder}")
    header, *lines = listing.read_text().splitlines()
    folds, each = map(int, header.split())
    pairs = [_pair(line.split()) for line in lines if line.strip()]
    if len(pairs) != folds * each * 2:
        raise ProtocolError(
            f"{listing} holds {len(pairs)} pairs, but its header announces {folds * each * 2}"
        )
    files = sorted({file for pair in pairs for file in pair})
    paths = tuple(folder / name / f"{name}_{number:04d}.jpg" for name, number in files)
    if missing := [path for path in paths if not path.exists()]:
        raise ProtocolError(f"{len(missing)} photos are missing, for example {missing[0]}")
    names = tuple(sorted({name for name, _ in files}))
    person = np.array([names.index(name) for name, _ in files])
    number_of = {file: number for number, file in enumerate(files)}
    return Pairs(
        Photos(paths, person, names),
        a=np.array([number_of[a] for a, _ in pairs]),
        b=np.array([number_of[b] for _, b in pairs]),
        same=np.array([a[0] == b[0] for a, b in pairs]),
        fold=np.repeat(np.arange(folds), each * 2),
    )


def _pair(words: list[str]) -> tuple[tuple[str, int], tuple[str, int]]:
    if len(words) == 3:
        return (words[0], int(words[1])), (words[0], int(words[2]))
    return (words[0], int(words[1])), (words[2], int(words[3]))
