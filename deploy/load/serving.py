"""Benchmark of one node under load: `make bench-load`, written to reports/load.json.

Programs, server and engine share the cores of the machine; compare the ratios of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
from siamese_faces import Client

import ml
from deploy.load.programs import Target, accepted, at_rate, for_a_while, percentile
from deploy.node import POLL_SECONDS, READY_SECONDS, ROOT, ClusterError, Node, flask
from tests.support import faces

REPORT = Path("reports/load.json")
PORT = 18101
CLIENTS = 8
OVERLOAD = 4
CORES = ml.usable_cores()


def main() -> None:
    """Measure throughput and overload, and add them to the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of each steady measurement")
    parser.add_argument("--overload", type=float, default=120, help="seconds of overload")
    parser.add_argument("--workers", type=int, default=CORES, help="processes: one a core")
    asked = parser.parse_args()
    bare_before = engine_alone(asked.seconds)
    with serving(asked.workers) as target:
        steady = for_a_while(target, CLIENTS, asked.seconds)
        capacity = len(accepted(steady)) / asked.seconds
        began = time.monotonic()
        flood = at_rate(target, OVERLOAD * capacity, asked.overload)
        flooded = time.monotonic() - began
    bare = (bare_before + engine_alone(asked.seconds)) / 2
    found = {
        "cores": CORES,
        "workers": asked.workers,
        "engine_alone_per_s": bare,
        "verify_per_s": capacity,
        "of_the_engine_alone": capacity / bare,
        "p95_at_capacity_s": percentile(accepted(steady), 95),
        "overload": OVERLOAD,
        "overloaded_s": flooded,  # longer than asked for where programs had to wait for answers
        "accepted_per_s": len(accepted(flood)) / flooded,
        "refused": sum(answer.status == httpx.codes.TOO_MANY_REQUESTS for answer in flood),
        "otherwise_failed": [one.status for one in flood if one.status not in {200, 429}],
        "p95_accepted_under_overload_s": percentile(accepted(flood), 95),
        "p95_ratio": percentile(accepted(flood), 95) / percentile(accepted(steady), 95),
    }
    report = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    report["serving"] = found
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def engine_alone(seconds: float) -> float:
    """Return the engine's maximum of analysed faces per second, with one thread on each core."""
    program = f"from deploy.load.serving import analyse_for; print(analyse_for({seconds}))"
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])


def analyse_for(seconds: float) -> float:
    """Return the analysed faces per second of this process."""
    engine = ml.load_engine()
    engine.warm_up()
    picture = faces.people()[0].photos[1]

    def analyse() -> int:
        seen, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            engine.analyse(picture, purpose="verify")
            seen += 1
        return seen

    with ThreadPoolExecutor(CORES) as pool:
        running = [pool.submit(analyse) for _ in range(CORES)]
        return sum(one.result() for one in running) / seconds


def _wait_for_all(workers: int, output: Path) -> None:
    """Wait until all processes are ready, because a connection stays with its process."""
    end = time.monotonic() + READY_SECONDS
    while output.read_text().count("Ready:") < workers:
        if time.monotonic() > end:
            raise ClusterError(
                f"Not all {workers} processes are ready after {READY_SECONDS} seconds. "
                "Read their output."
            )
        Event().wait(POLL_SECONDS)


@contextmanager
def serving(workers: int) -> Iterator[Target]:
    """Run a node with `workers` processes, and yield the target of a program."""
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as output:
        settings = {"INSTANCE": folder, "LOG_LEVEL": "WARNING", "WORKERS": str(workers)}
        node = Node(PORT, settings, output.file)
        flask(node.environment, "prepare")
        made = flask(
            node.environment, "api-keys", "create", "load", "--limit", "1000000 per minute",
            "--scope", "verify", "--scope", "enrol",
        )  # fmt: skip
        key = made.split()[-1]
        node.start()
        try:
            node.wait_until_ready()
            _wait_for_all(workers, Path(output.name))
            first, second = faces.people()[0].photos[:2]
            with Client(node.url, key) as client:
                client.enrol("ada", "Ada", [first], consent=True)
            yield Target(node.url, key, "ada", second)
        finally:
            node.stop()


if __name__ == "__main__":
    main()
