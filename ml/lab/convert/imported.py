"""Import a face-embedding ONNX file of any origin: `python -m ml convert onnx FILE --name NAME …`.

The stored network includes the file's preprocessing. Like every model here it takes chips, uint8
(n, size, size, 3) RGB, and returns embeddings of unit length. The command checks the result on the
sample photos and calibrates it on a folder of people.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tomli_w

from ml.artifacts import (
    ARTIFACTS,
    CONFIG,
    IMPORTED,
    NETWORK,
    Artifact,
    ArtifactConfig,
    NetworkConfig,
    load_artifact,
    write_atomically,
)
from ml.calibration.file import FILE as CALIBRATION
from ml.embedder import Embedder
from ml.errors import ArtifactError
from ml.faces.align import TEMPLATES
from ml.faces.detector.detect import Detector
from ml.faces.preprocess import Preprocessing
from ml.fixed_chips import FixedChips
from ml.lab.calibration.calibrate import PEOPLE, STRANGERS, calibrate
from ml.lab.convert.graph import CHANNELS, ConversionError, Input, Recipe, wrapped
from ml.lab.convert.samples import sample_photos
from ml.lab.datasets.synthetic import synthetic_chips
from ml.lab.evaluation.protocols.photos import ProtocolError, photos_in
from ml.runtime.network import Network, sha256

# Templates by name and side in pixels.
ALIGNMENTS = {f"{name}{template.side}": name for name, template in TEMPLATES.items()}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
FACES, SEED = 2, 28


def check_on_samples(artifact: Artifact) -> tuple[float, float]:
    """Embed the sample photos and compare genuine with impostor pairs.

    Returns:
        The lowest cosine of a genuine pair, and the highest of an impostor pair.

    Raises:
        ConversionError: if an impostor pair reaches a genuine one.
    """
    detector, embedder = Detector(), Embedder(artifact)
    embedded = []
    for person, photos in enumerate(sample_photos()):
        for rgb in photos:
            landmarks = detector.detect(rgb)[0].landmarks
            chip = artifact.config.preprocessing.apply(rgb, landmarks)
            embedded.append((person, embedder(chip[None])[0]))
    cosines: dict[bool, list[float]] = {True: [], False: []}
    for (one, a), (other, b) in combinations(embedded, 2):
        cosines[one == other].append(float(a @ b))
    lowest, highest = min(cosines[True]), max(cosines[False])
    if not lowest > highest:  # never true of NaN
        raise ConversionError(
            f"strangers reach a cosine of {highest:.3f}, photos of one person only {lowest:.3f}: "
            "wrong template or colour order? Check --template, --size, --colour, --mean, --scale"
        )
    return lowest, highest


def _write(content: bytes, config: ArtifactConfig, file: str, folder: Path) -> Artifact:
    """Write an artifact's configuration, network and fixed chips below `folder`."""
    home = folder / config.name
    home.mkdir()
    drawn = synthetic_chips(FACES, 1, config.preprocessing, SEED)
    chips = np.stack([drawn.served(row) for row in range(FACES)])
    network = Network(content, file)
    found = np.concatenate([network(chip[None])[0] for chip in chips])
    if not np.isfinite(found).all():
        raise ConversionError(f"{file} computes no finite embedding; check --mean and --scale")
    sized = NetworkConfig(IMPORTED, found.shape[1])
    write_atomically(home / CONFIG, tomli_w.dumps(asdict(config) | {"network": asdict(sized)}))
    (home / NETWORK).write_bytes(content)
    artifact = load_artifact(config.name, folder)
    FixedChips(artifact.model_id, sha256(content), chips, found).write(home)
    return artifact


def _config(options: argparse.Namespace, takes: Input, file: str) -> ArtifactConfig:
    template = ALIGNMENTS[options.template]
    size = options.size or takes.size or TEMPLATES[template].side
    if takes.size not in {None, size}:
        raise ConversionError(f"--size is {size}, but {file} takes {takes.size} pixels")
    return ArtifactConfig(
        name=options.name,
        title=options.title or options.name,
        terms=options.terms,
        licence=options.licence,
        mirrored=options.mirrored,
        network=NetworkConfig(IMPORTED, 1),
        preprocessing=Preprocessing(size, template),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        _check_name(options.name, options.artifacts)
        convert(options)
    except (ArtifactError, ProtocolError) as error:
        print(f"convert onnx: {error}", file=sys.stderr)
        return 2
    return 0


def convert(options: argparse.Namespace) -> None:
    """Create, check and calibrate the artifact in a temporary folder, then install it.

    Raises:
        ArtifactError: if the file or an option cannot be used.
        ProtocolError: if the photos cannot be used for a calibration.
    """
    file: Path = options.file
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConversionError(f"{file.name} cannot be read: {error.strerror}") from error
    recipe = Recipe(options.colour, options.mean, options.scale)
    content, takes = wrapped(content, file.name, recipe)
    with TemporaryDirectory() as aside:
        artifact = _write(content, _config(options, takes, file.name), file.name, Path(aside))
        lowest, highest = check_on_samples(artifact)
        print(f"sample photos: one person {lowest:.3f} or more, strangers {highest:.3f} or less")
        _calibrate(artifact, options.people, options.strangers)
        shutil.move(artifact.folder, options.artifacts / options.name)
    print(f"{options.name} is installed as {artifact.model_id}. An administrator activates it")
    print("on the page of the models, or: flask --app wsgi models use NAME --reason WHY")


def _calibrate(artifact: Artifact, people: Path, strangers: Path) -> None:
    if people == PEOPLE and not people.is_dir():
        print(
            "It is not calibrated, so it cannot be activated. Run: "
            f"python -m ml calibrate {artifact.config.name} --people FOLDER --strangers FOLDER"
        )
        return
    table = calibrate(artifact, photos_in(people), photos_in(strangers))
    write_atomically(artifact.folder / CALIBRATION, json.dumps(table) + "\n")


def _check_name(name: str, artifacts: Path) -> None:
    if not NAME.fullmatch(name):
        raise ConversionError(f"--name is {name!r}, but may hold a to z, 0 to 9, - and _ only")
    if (artifacts / name).exists():
        raise ConversionError(f"--name is {name!r}, but that exists; choose another or remove it")


def _numbers(text: str) -> tuple[float, ...]:
    """Parse one number for all channels, or three separated by commas."""
    numbers = tuple(float(part) for part in text.split(","))
    if len(numbers) not in {1, CHANNELS} or not np.isfinite(numbers).all():
        raise ValueError
    return numbers


_numbers.__name__ = "number, or three separated by commas"


def _side(text: str) -> int:
    if not 16 <= int(text) <= 1024:
        raise ValueError
    return int(text)


_side.__name__ = "number of pixels, 16 to 1024"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml convert onnx",
        description="Install a face-embedding ONNX file as a model.",
    )
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="network from one face to one embedding")
    add("--name", required=True, help="name of the model")
    add(
        "--template", required=True, choices=ALIGNMENTS, help="positions of the landmarks in a chip"
    )
    add("--size", type=_side, help="side of a chip in pixels; default: the file's or template's")
    add("--colour", choices=("rgb", "bgr"), default="rgb", help="order of the channels")
    add("--mean", type=_numbers, default=(127.5,), help="subtracted first; default: 127.5")
    add("--scale", type=_numbers, default=(1 / 127.5,), help="factor; default: 1 / 127.5")
    add("--licence", required=True, help="licence of the weights, in words")
    add("--terms", choices=("open", "research"), default="research", help="uses that it allows")
    add("--title", help="name on the page of the models")
    add("--mirrored", action="store_true", help="flip augmentation, at twice the time")
    add("--people", type=Path, default=PEOPLE, help="folder of people to calibrate on")
    add("--strangers", type=Path, default=STRANGERS, help="folder of strangers, one photo each")
    add("--artifacts", type=Path, default=ARTIFACTS, help="folder of the models")
    return parser
