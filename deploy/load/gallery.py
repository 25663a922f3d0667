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
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
from pgvector import Vector
from sqlalchemy import insert, inspect, select

import ml
from deploy.load.neighbours import made_up_people, real_faces
from tests.support.changed import changed
from tests.support.installation import CHEAP
from tests.support.postgresql import running
from webapp import create_app
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, AnchorEmbedding, Person, PersonKey, now
from webapp.db.transactions import unit_of_work
from webapp.gallery.anchor_store import AnchorStore, IndexSnapshot, PersonEmbeddings
from webapp.gallery.base import bump_version, seal_embedding
from webapp.gallery.memory import MemoryGallery
from webapp.gallery.pgvector import gallery as vector_gallery
from webapp.gallery.pgvector.gallery import VectorTuning
from webapp.gallery.pgvector.table import anchor_vector
from webapp.gallery.registry import galleries
from webapp.inference.active_model import active_model
from webapp.services.models import vector_index as index
from webapp.settings import Settings
from webapp.startup.prepare import prepare

REPORT = Path("reports/load.json")
ANCHORS = 1_000_000
SEED = 3
PROBES, TIMED, AT_ONCE = 10_000, 300, 5_000
NEAREST = 10
MEGABYTE = 1e6
ROOMY = ("shared_buffers = '2GB'",)  # an index of a million is 0.9 GB
ROUNDING = 1e-7  # of cosines in float32


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
    enrolled, probes = _split(real, person)
    before = _resident()
    store = AnchorStore(real.shape[1])
    held = store.change(1, _blocks(enrolled, anchors), (), expected=anchors)
    memory = _resident() - before
    everything = held.embeddings_of(np.arange(len(held.person_ids)))
    reading = min(
        _median(lambda: everything.view(np.uint64).sum()), _median(lambda: everything.max())
    )
    times = np.array([_time(lambda p=p: held.nearest(p, NEAREST, "best")) for p in probes[:TIMED]])
    one_stage = _median(lambda: everything @ probes[0])
    same = _agreement(held, everything, probes[:PROBES])
    adding = _time(lambda: store.change(2, _blocks(probes[:1], 1), ()))
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
    enrolled, _ = _split(real, person)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(instance=Path(folder) / "instance", password_cost=CHEAP), _model()
        )
        with app.app_context():
            prepare()
            _enrol(_blocks(enrolled, anchors))
            gallery = MemoryGallery(_model().model_id, real.shape[1], lambda: key_store().vault)
            before, peak = _resident(), _peak()
            start = _time(gallery.refresh)
            memory, peak = _resident() - before, _peak() - max(peak, before)
            adding = _time(
                gallery.refresh, before=lambda: _enrol(_blocks(enrolled[:1], 1, SEED + 1))
            )
            deleting = _time(gallery.refresh, before=_delete_one)
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
    enrolled, probes = _split(real, person)
    with tempfile.TemporaryDirectory() as folder, running(ROOMY) as server:
        settings = Settings(
            instance=Path(folder) / "instance", database_url=server.url(), password_cost=CHEAP
        )
        app = create_app(changed(settings, vectors_in_database=True), _model())
        with app.app_context():
            prepare()
            _copy_vectors(server.url(), _blocks(enrolled, anchors))
            store = AnchorStore(real.shape[1])
            held = store.change(1, _blocks(enrolled, anchors), (), expected=anchors)
            found = {"building_index_s": _time(lambda: index.build_indices(_tell))}
            for name, exact_up_to, timed, asked in (
                ("index", 0, TIMED, 2_000),
                ("exact", anchors, TIMED // 10, 100),
            ):
                tuning = replace(VectorTuning(), exact_up_to=exact_up_to)
                vector_gallery.TUNING = tuning  # as a larger or a smaller gallery would be searched
                recall = _recall(held, probes[:asked])
                in_memory = _times(lambda p: held.nearest(p, NEAREST, "best"), probes[:timed])
                p95 = _times(_ask, probes[:timed])
                found |= {f"{name}_p95_ms": p95, f"{name}_memory_p95_ms": in_memory}
                found |= {f"{name}_against_memory": p95 / in_memory}
                found |= {f"{name}_recall_top_1": recall}
            db.session.remove()
            db.engine.dispose()
    return found


def _tell(done: int, total: int) -> None:
    print(f"indexed: {done} of {total}", flush=True)


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray, int], dict[str, object]]] = {
    "search": measure_search,
    "following": measure_following,
    "vectors": measure_vectors,
}


def _split(real: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one photo of two in three people as gallery, and all other photos as probes."""
    first = np.unique(person, return_index=True)[1]
    enrolled = first[np.arange(len(first)) % 3 > 0]
    probes = np.setdiff1d(np.arange(len(real)), enrolled)
    generator = np.random.default_rng(SEED)
    chosen = real[generator.choice(probes, PROBES)]
    shaken = chosen + 0.02 * generator.standard_normal(chosen.shape, np.float32)
    shaken[: len(probes)] = real[probes[: len(shaken)]]
    generator.shuffle(shaken)
    return real[enrolled], shaken / np.linalg.norm(shaken, axis=1, keepdims=True)


def _blocks(enrolled: np.ndarray, anchors: int, seed: int = SEED) -> Iterator[PersonEmbeddings]:
    """Yield `anchors` people with one anchor each, real ones first; `seed` determines their ids."""
    generator = np.random.default_rng(seed)
    made_up = made_up_people(enrolled, max(anchors - len(enrolled), 0))
    for some in chain([enrolled[:anchors]], made_up):
        ids = generator.bytes(32 * len(some))
        for row, one in enumerate(some):
            own = ids[32 * row : 32 * row + 32]
            yield PersonEmbeddings(UUID(bytes=own[:16]), [UUID(bytes=own[16:])], one[None])


def _agreement(held: IndexSnapshot, everything: np.ndarray, probes: np.ndarray) -> float:
    """Return the share of probes whose result is the nearest person of an exact comparison."""
    same = 0
    for start in range(0, len(probes), 100):
        highest = (probes[start : start + 100] @ everything.T).argmax(axis=1)
        for probe, expected in zip(probes[start : start + 100], highest.tolist(), strict=True):
            place, _ = held.nearest(probe, 1, "best")[0]
            found, best = everything[[place, expected]].astype(float) @ probe.astype(float)
            same += found >= best - ROUNDING
    return same / len(probes)


def _recall(held: IndexSnapshot, probes: np.ndarray) -> float:
    same = 0
    for probe in probes:
        same += _ask(probe) == held.person_id(held.nearest(probe, 1, "best")[0][0])
    return same / len(probes)


def _ask(probe: np.ndarray) -> UUID:
    nearest = active_model().gallery.nearest(probe, NEAREST, "best")
    db.session.rollback()
    return nearest[0].person_id


def _copy_vectors(url: str, blocks: Iterator[PersonEmbeddings]) -> None:
    """Write vectors as `webapp.services.models.vectors` does, in bulk."""
    model = _model()
    turn = galleries().rotation(model.model_id, model.embedding_size)
    db.session.rollback()  # copying takes longer than the timeout of an idle transaction
    columns = "embedding_id, anchor_id, person_id, model_id, turned"
    with psycopg.connect(url, autocommit=True) as connection:
        for key in inspect(db.engine).get_foreign_keys(anchor_vector.name):
            connection.execute(f"ALTER TABLE anchor_vector DROP CONSTRAINT {key['name']}")
        with connection.cursor().copy(f"COPY anchor_vector ({columns}) FROM STDIN") as copy:
            for block in blocks:
                (anchor_id,) = block.anchor_ids
                turned = Vector(block.embeddings[0] @ turn).to_text()
                copy.write_row((anchor_id, anchor_id, block.person_id, model.model_id, turned))
        connection.execute("VACUUM ANALYZE anchor_vector")


def _enrol(blocks: Iterator[PersonEmbeddings]) -> None:
    """Write rows of people as enrolment does, in bulk, with tiny photos."""
    vault, model = key_store().vault, _model()
    numbers = iter(range(sys.maxsize))
    offset = len(db.session.scalars(select(Person.id).limit(1)).all()) * 10**9
    while some := [block for block, _ in zip(blocks, range(AT_ONCE), strict=False)]:
        people, keys, anchors, embeddings = [], [], [], []
        with unit_of_work() as session:
            version = bump_version(session)
            for block in some:
                own, (anchor_id,) = block.person_id, block.anchor_ids
                wrapped = vault.new_person_key(own)
                vector = block.embeddings[0]
                sealed = seal_embedding(vault.person_seal(wrapped, own), vector, anchor_id)
                number = str(offset + next(numbers))
                people.append(
                    {
                        "id": own,
                        "identifier": number,
                        "identifier_key": number,
                        "name": number,
                        "name_key": number,
                        "consent_version": "1",
                        "consent_at": now(),
                        "gallery_version": version,
                    }
                )
                key = {"wrapped": wrapped, "master_key_id": vault.master_key_id}
                keys.append({"person_id": own, **key})
                anchors.append({"id": anchor_id, "person_id": own, "picture": b"", "quality": {}})
                row = {"anchor_id": anchor_id, "person_id": own, "model_id": model.model_id}
                embeddings.append({"id": anchor_id, **row, "vector": sealed})
            tables = (Person, people), (PersonKey, keys), (Anchor, anchors)
            for table, rows in (*tables, (AnchorEmbedding, embeddings)):
                session.execute(insert(table), rows)


def _delete_one() -> None:
    with unit_of_work() as session:
        person = session.scalars(select(Person).limit(1)).one()
        bump_version(session, deleted=person.id)
        session.delete(person)


def _model() -> ml.ModelDescription:
    return next(model for model in ml.describe_models() if model.name == "open")


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
