"""Benchmark of large galleries: `make bench-load`, written to reports/load.json.

All times are from one core and one run; compare their ratios. Galleries hold real faces and
synthetic people near them. Probes are other photos of the real people, and of people not enrolled.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np

import ml
from deploy.load.enrolled import (
    PROBES,
    SEED,
    copy_vectors,
    default_model,
    delete_one,
    enrol_people,
    people_blocks,
    split_photos,
)
from deploy.load.neighbours import real_faces
from tests.support.changed import changed
from tests.support.installation import CHEAP
from tests.support.postgresql import running
from webapp import create_app
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.gallery.anchor_store import AnchorStore, IndexSnapshot
from webapp.gallery.memory import MemoryGallery
from webapp.gallery.pgvector import gallery as vector_gallery
from webapp.gallery.pgvector.gallery import VectorTuning
from webapp.inference.active_model import active_model
from webapp.services.models import vector_index as index
from webapp.settings import Settings
from webapp.startup.prepare import prepare

REPORT = Path("reports/load.json")
ANCHORS = 1_000_000
TIMED = 300
NEAREST = 10
MEGABYTE = 1e6
ROOMY = ("shared_buffers = '2GB'",)  # an index of a million is 0.9 GB
ROUNDING = 1e-6  # of similarities in float32


def main() -> None:
    """Run the measurements named by the arguments, and add them to the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=MEASURES, nargs="*", default=list(MEASURES))
    parser.add_argument("--anchors", type=int, default=ANCHORS)
    parser.add_argument("--embeddings", type=Path, help="of LFW by this model, from the cache")
    asked = parser.parse_args()
    artifact = ml.load_artifact("open")
    real, person = real_faces(artifact, asked.embeddings)
    for what in asked.what:
        found = MEASURES[what](real, person, asked.anchors)
        report = json.loads(REPORT.read_text()) if REPORT.exists() else {}
        report[what] = {"anchors": asked.anchors, **found}
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps(report, indent=1) + "\n")
        print(what, json.dumps(found, indent=1))


def measure_search(real: np.ndarray, person: np.ndarray, anchors: int) -> dict[str, object]:
    """Compare a search in memory with one pass over the matrix, and its results with all pairs."""
    enrolled, probes = split_photos(real, person)
    before = _resident()
    normaliser = _normaliser()
    store = AnchorStore(real.shape[1], normaliser)
    held = store.change(1, people_blocks(enrolled, anchors), (), expected=anchors)
    memory = _resident() - before
    everything = held.normalised.embeddings
    reading = min(
        _median(lambda: everything.view(np.uint64).sum()), _median(lambda: everything.max())
    )

    def find(probe: np.ndarray) -> object:
        return held.nearest(normaliser(probe[None]), NEAREST, "best")

    times = np.array([_time(lambda p=p: find(p)) for p in probes[:TIMED]])
    one_stage = _median(lambda: everything @ probes[0])
    same = _agreement(held, normaliser(probes[:PROBES]))
    adding = _time(lambda: store.change(2, people_blocks(probes[:1], 1), ()))
    return {
        "read_once_ms": reading * 1000,
        "product_with_all_ms": one_stage * 1000,
        "p50_ms": float(np.median(times)) * 1000,
        "p95_ms": float(np.quantile(times, 0.95)) * 1000,
        "p50_against_reading": float(np.median(times)) / reading,
        "memory_mb": memory / MEGABYTE,
        "probes": min(PROBES, len(probes)),
        "same_top_1": same,
        "adding_one_ms": adding * 1000,
    }


def measure_following(real: np.ndarray, person: np.ndarray, anchors: int) -> dict[str, object]:
    """Time loading the gallery, and refreshing it after an addition and after a deletion."""
    enrolled, _ = split_photos(real, person)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(instance=Path(folder) / "instance", password_cost=CHEAP), default_model()
        )
        with app.app_context():
            prepare()
            enrol_people(people_blocks(enrolled, anchors))
            gallery = MemoryGallery(
                default_model().model_id, real.shape[1], lambda: key_store().vault
            )
            before, peak = _resident(), _peak()
            start = _time(gallery.refresh)
            memory, peak = _resident() - before, _peak() - max(peak, before)
            adding = _time(
                gallery.refresh,
                before=lambda: enrol_people(people_blocks(enrolled[:1], 1, SEED + 1)),
            )
            deleting = _time(gallery.refresh, before=delete_one)
            db.session.remove()
            db.engine.dispose()
    return {
        "start_s": start,
        "memory_mb": memory / MEGABYTE,
        "peak_above_mb": max(peak, 0) / MEGABYTE,
        "adding_one_s": adding,
        "deleting_one_s": deleting,
    }


def measure_vectors(real: np.ndarray, person: np.ndarray, anchors: int) -> dict[str, object]:
    """Compare the database's exact and HNSW searches with the search in memory.

    The database holds the vectors only, without their people.
    """
    enrolled, probes = split_photos(real, person)
    with tempfile.TemporaryDirectory() as folder, running(ROOMY) as server:
        settings = Settings(
            instance=Path(folder) / "instance", database_url=server.url(), password_cost=CHEAP
        )
        app = create_app(changed(settings, vectors_in_database=True), default_model())
        with app.app_context():
            prepare()
            copy_vectors(server.url(), people_blocks(enrolled, anchors))
            normaliser = _normaliser()
            store = AnchorStore(real.shape[1], normaliser)
            held = store.change(1, people_blocks(enrolled, anchors), (), expected=anchors)

            def find(probe: np.ndarray) -> object:
                return held.nearest(normaliser(probe[None]), NEAREST, "best")

            found = {"building_index_s": _time(lambda: index.build_indices(_print_progress))}
            for name, exact_up_to, timed, asked in (
                ("index", 0, TIMED, 2_000),
                ("exact", anchors, TIMED // 10, 100),
            ):
                tuning = replace(VectorTuning(), exact_up_to=exact_up_to)
                vector_gallery.TUNING = tuning  # as a larger or a smaller gallery would be searched
                recall = _recall(held, probes[:asked])
                in_memory = _times(find, probes[:timed])
                p95 = _times(_ask, probes[:timed])
                found |= {f"{name}_p95_ms": p95, f"{name}_memory_p95_ms": in_memory}
                found |= {f"{name}_against_memory": p95 / in_memory}
                found |= {f"{name}_recall_top_1": recall}
            db.session.remove()
            db.engine.dispose()
    return found


def _print_progress(done: int, total: int) -> None:
    print(f"indexed: {done} of {total}", flush=True)


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray, int], dict[str, object]]] = {
    "search": measure_search,
    "following": measure_following,
    "vectors": measure_vectors,
}


def _normaliser() -> ml.Normaliser:
    artifact = ml.load_artifact("open")
    return ml.load_calibration(artifact.folder, artifact.model_id).normaliser


def _agreement(held: IndexSnapshot, probes: ml.Normalised) -> float:
    """Return the share of probes whose result is the nearest person of an exact comparison."""
    same = 0
    for number in range(len(probes)):
        probe = probes[number : number + 1]
        best = held.normalised.similarities(probe).max()
        _, similarities = held.nearest(probe, 1, "best")[0]
        same += similarities.max() >= best - ROUNDING
    return same / len(probes)


def _recall(held: IndexSnapshot, probes: np.ndarray) -> float:
    same, normaliser = 0, _normaliser()
    for probe in probes:
        exact = held.nearest(normaliser(probe[None]), 1, "best")[0][0]
        same += _ask(probe) == held.person_id(exact)
    return same / len(probes)


def _ask(probe: np.ndarray) -> UUID:
    nearest = active_model().gallery.nearest(probe, NEAREST, "best")
    db.session.rollback()
    return nearest[0].person_id


def _times(search: Callable[[np.ndarray], object], probes: np.ndarray) -> float:
    """Return the 95th percentile of the search time, in milliseconds."""
    return float(np.quantile([_time(lambda p=p: search(p)) for p in probes], 0.95)) * 1000


def _median(work: Callable[[], object], times: int = 15) -> float:
    return float(np.median([_time(work) for _ in range(times)]))


def _time(work: Callable[[], object], before: Callable[[], object] | None = None) -> float:
    if before:
        before()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _resident() -> int:
    """Return the resident memory in bytes; its peak where the system has no /proc."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return _peak()
    return int(statm.read_text().split()[1]) * resource.getpagesize()


def _peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
