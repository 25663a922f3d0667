"""Measure the error rates of a model and write its calibration: `python -m ml calibrate MODEL`.

The people are disjoint from those of training and of the reported tests. Genuine trials compare
photos of one person. Impostor trials compare different people, and people with strangers of one
photo each. The result is `calibration.json` beside the weights.

With --cohort, a score normaliser is learnt first, from a folder of varied strangers
(`ml.normalisation`). Without it, the model keeps the normaliser that it has.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ml import DEFAULT_MODEL, Artifact, ArtifactError, load_artifact
from ml.artifacts import write_atomically
from ml.calibration.calibration import Calibration
from ml.calibration.curves import Curve
from ml.calibration.file import FILE, calibration_if_any, load_calibration
from ml.lab.calibration.cohort import learn
from ml.lab.calibration.measure import DEFAULT_FAR, measure, usable
from ml.lab.evaluation.embed import embed_photos
from ml.lab.evaluation.protocols.photos import SHARED, Photos, ProtocolError, photos_in
from ml.normalisation import PLAIN_COSINE, Normaliser, ScoreNormaliser, save_normaliser

PEOPLE = SHARED / "celeba_wild" / "calibration"
STRANGERS = SHARED / "lfw_strangers"


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml calibrate", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "model", nargs="?", default=DEFAULT_MODEL, help=f"name; default: {DEFAULT_MODEL}"
    )
    parser.add_argument("--people", type=Path, default=PEOPLE, help="folder: a sub-folder a person")
    parser.add_argument(
        "--strangers", type=Path, default=STRANGERS, help="folder: strangers, one photo a person"
    )
    parser.add_argument(
        "--cohort", type=Path, help="folder: strangers in sub-folders, to learn a normaliser from"
    )
    parser.add_argument(
        "--origin", default="", help="data set and terms of the cohort, kept with the normaliser"
    )
    options = parser.parse_args(arguments)
    try:
        artifact = load_artifact(options.model)
        people, strangers = photos_in(options.people), photos_in(options.strangers)
        before = calibration_if_any(artifact.folder, artifact.model_id)
        normaliser = before.normaliser if before else PLAIN_COSINE
        if options.cohort:
            cohort = photos_in(options.cohort)
            normaliser = _learnt(artifact, cohort, options.origin or options.cohort.name)
        table = calibrate(artifact, people, strangers, normaliser)
    except (ArtifactError, ProtocolError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 2
    if isinstance(normaliser, ScoreNormaliser):
        save_normaliser(artifact.folder, normaliser)
    table |= {"former": _former(before, normaliser)}
    write_atomically(artifact.folder / FILE, json.dumps(table) + "\n")
    print(_summary(artifact))
    return 0


def calibrate(
    artifact: Artifact, people: Photos, strangers: Photos, normaliser: Normaliser = PLAIN_COSINE
) -> dict[str, Any]:
    """Measure error rates of every rule and number of anchors; return the file's content.

    Args:
        artifact: the model.
        people: people with several photos, for genuine and impostor trials.
        strangers: people with one photo, for impostor trials only.
        normaliser: turns embeddings into similarities.

    Raises:
        ProtocolError: if there is nothing to measure.
    """
    embedded = embed_photos(artifact, people + strangers, label="calibration")
    found = embedded.embeddings(artifact.config.mirrored)[embedded.usable]
    person = embedded.photos.person[embedded.usable]
    kept, person, dropped = usable(found, person, people.names)
    facts = {
        "photos": len(people.paths),
        "strangers_dropped_as_lookalikes": dropped,
        "failures_to_enrol": len(embedded.failures),
    }
    table = measure(artifact.model_id, normaliser(kept), person, people.names, facts)
    return table | {"normaliser": normaliser.digest}


def _learnt(artifact: Artifact, photos: Photos, origin: str) -> ScoreNormaliser:
    """Learn a normaliser from the photos of a cohort."""
    embedded = embed_photos(artifact, photos, label="cohort")
    cohort = embedded.embeddings(artifact.config.mirrored)[embedded.usable]
    learnt = learn(cohort, origin)
    print(f"normaliser: {learnt.form}, held-out error {learnt.error:.3f} standard deviations")
    return learnt.normaliser


def _former(before: Calibration | None, normaliser: Normaliser) -> dict[str, Any]:
    """Return the FMR over similarity by earlier normalisers, to carry thresholds over."""
    if before is None:
        return {}
    scales = before.former | {before.normaliser.digest: (before.pairs.threshold, before.pairs.far)}
    return {
        digest: {"threshold": threshold.tolist(), "far": far.tolist()}
        for digest, (threshold, far) in scales.items()
        if digest != normaliser.digest
    }


def _summary(artifact: Artifact) -> str:
    calibration = load_calibration(artifact.folder, artifact.model_id)
    lines = [f"{artifact.model_id}: threshold {calibration.default_threshold:.4f} at FAR 1e-3"]
    lines.append(f"made from {calibration.made_from}")
    lines.append(_line("pairs", calibration.pairs))
    for rule, by_anchors in calibration.curves.items():
        lines += [_line(rule, curve) for curve in by_anchors.values()]
    return "\n".join(lines)


def _line(rule: str, curve: Curve) -> str:
    rates = curve.rates_at(curve.threshold_at_far(DEFAULT_FAR))
    return (
        f"{rule:>9} of {curve.anchors}: FRR {rates['frr']:.2%} "
        f"({rates['frr_low']:.2%} to {rates['frr_high']:.2%}) at FAR 1e-3 "
        f"({rates['far_low']:.1e} to {rates['far_high']:.1e})"
    )
