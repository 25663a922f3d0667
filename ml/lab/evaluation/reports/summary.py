"""Summary of measurements, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml.lab.evaluation.measure import VIEWS, Measured
from ml.lab.evaluation.measures.figures import pair_figures
from ml.lab.evaluation.protocols.protocols import Protocol
from ml.lab.evaluation.reports.report import percent, with_interval


def summary(protocol: Protocol, models: Sequence[Measured]) -> str:
    """Return the protocol, then each model's figures."""
    photos = protocol.pairs.photos
    lines = [
        f"{protocol.title}: {len(photos.paths):,} photos of {len(photos.names):,} people, "
        f"{len(protocol.pairs.same):,} pairs; folds {protocol.folds}"
    ]
    for measured in models:
        lines += _of_model(measured)
    return "\n".join(lines)


def _of_model(measured: Measured) -> Iterator[str]:
    figures = pair_figures(measured)
    yield ""
    yield f"{measured.artifact.model_id} (served {measured.served})"
    yield f"  failures to enrol          {len(measured.embedded.failures)}"
    for view in VIEWS:
        row = figures[view]
        yield (
            f"  accuracy, {view:<16} {percent(row['accuracy'])} ± {row['accuracy_se'] * 100:.2f}"
            f"   EER {percent(row['eer'])}   TAR at FAR 1e-2 {percent(row['tar_at_far_1e-2'])}, "
            f"1e-3 {percent(row['tar_at_far_1e-3'])}"
        )
    yield f"  over all {measured.impostors.total:,} impostor pairs"
    yield f"    EER                      {with_interval(measured.over_all.eer)}"
    for point in measured.over_all.points:
        yield f"    TAR at FAR {point.far:<13g} {with_interval(point.tar)}"
    yield from _of_folder(measured)


def _of_folder(measured: Measured) -> Iterator[str]:
    if measured.anchors:
        yield "  several anchors, FRR at FAR 1e-3"
    for row in measured.anchors:
        yield f"    {row.rule:<9} of {row.anchors}           {with_interval(row.frr)}"
    if measured.live_quality:
        photos = measured.live_quality.photos
        yield f"  the same on the {photos:,} photos of live quality"
        for row in measured.live_quality.anchors:
            yield f"    {row.rule:<9} of {row.anchors}           {with_interval(row.frr)}"
    if measured.identification:
        yield "  identification, FNIR at FPIR 1e-2"
    for result in measured.identification:
        yield (
            f"    {result.people:>5,} people, {result.anchors} anchors  "
            f"{with_interval(result.fnir)}; rank-1 misses {percent(result.rank_one_missed)}"
        )
        if result.as_calibrated:
            fpir, fnir = result.as_calibrated
            yield f"      as calibrated: FPIR {percent(fpir)}, FNIR {percent(fnir)}"
    if measured.degraded:
        yield "  degraded photos, FRR at FAR 1e-3"
        yield f"    mean                     {with_interval(measured.degraded.mean)}"
        for one in (measured.degraded.untouched, *measured.degraded.results):
            yield f"    {one.name:<24} {with_interval(one.frr)}; {one.failures} without a face"
