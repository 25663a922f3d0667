"""Two nodes, nginx and PostgreSQL as `make run-cluster` starts them, while nodes fail."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import psycopg
import pytest
from siamese_faces import Client, Problem

from deploy.cluster import Cluster, restart, running
from deploy.load.programs import Answer, Load, Target, steady
from deploy.node import POLL_SECONDS, Node, flask
from tests.support import faces
from tests.support.served.next_release import EXPAND, next_migrations

pytestmark = pytest.mark.long

NGINX_PORT, FIRST_NODE_PORT = 18443, 18001
PROGRAMS = 4
ENOUGH = 30
BACK_SECONDS = 5
RELOADS = 50


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Folders of pytest are closed to other users, and PostgreSQL runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    folder.chmod(0o755)
    try:
        with running(folder, nginx_port=NGINX_PORT, first_node_port=FIRST_NODE_PORT) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_key(cluster: Cluster, *scopes: str) -> str:
    """Return an API key, made as an operator of the cluster makes it."""
    wanted = [word for scope in scopes for word in ("--scope", scope)]
    limit = ("--limit", "100000 per minute")
    environment = cluster.nodes[0].environment
    return flask(environment, "api-keys", "create", "load", *wanted, *limit).split()[-1]


@pytest.fixture(scope="module")
def key(cluster: Cluster) -> str:
    return make_key(cluster, "verify", "enrol", "read", "admin")


@pytest.fixture(scope="module")
def target(cluster: Cluster, key: str, people: tuple[faces.Person, ...]) -> Target:
    with at(cluster.nodes[0], key) as client:
        client.enrol("ada", "Ada", people[0].photos[:1], consent=True)
    return Target(cluster.url, key, "ada", people[0].photos[1], cluster.trust())


def at(node: Node, key: str) -> Client:
    """Return a client of one node, without nginx."""
    return Client(node.url, key, httpx.HTTPTransport())


def through_nginx(cluster: Cluster, key: str) -> Client:
    """Return a client of nginx."""
    return Client(cluster.url, key, httpx.HTTPTransport(verify=cluster.trust()))


def is_right(answer: Answer) -> bool:
    return answer.status == httpx.codes.OK and answer.match is True


def is_wrong(answer: Answer) -> bool:
    return answer.status == httpx.codes.OK and answer.match is False


def failed(load: Load) -> list[Answer]:
    return [answer for answer in load.answers if not is_right(answer)]


def test_a_change_on_one_node_counts_on_the_other(
    cluster: Cluster, target: Target, key: str, people: tuple[faces.Person, ...]
) -> None:
    first, second = cluster.nodes
    with at(first, key) as one, at(second, key) as other:
        bo = one.enrol("bo", "Bo", people[1].photos[:1], consent=True)
        assert other.verify("bo", [people[1].photos[1]]).match
        one.set_verification_threshold(99.9, "as high as it goes")
        assert not other.verify("bo", [people[1].photos[1]]).match
        one.set_verification_threshold(50.0, "as it was")
        other.delete(bo.id)
        with pytest.raises(Problem) as gone:
            one.person(bo.id)
        assert gone.value.status == httpx.codes.NOT_FOUND


def test_a_killed_node_fails_its_own_requests_alone(cluster: Cluster, target: Target) -> None:
    with steady(target, PROGRAMS) as load:
        load.wait_for(is_right, ENOUGH)
        killed_at = time.monotonic()
        cluster.nodes[0].kill()
        load.wait_for(is_right, ENOUGH)
        cluster.nodes[0].start()
        cluster.nodes[0].wait_until_ready()
        load.wait_for(is_right, ENOUGH)
    in_flight = [answer for answer in load.answers if answer.began <= killed_at]
    assert set(failed(load)) <= set(in_flight)
    assert len(failed(load)) <= PROGRAMS


def test_a_rolling_restart_fails_no_request(cluster: Cluster, target: Target) -> None:
    before = [node.process for node in cluster.nodes]
    with steady(target, PROGRAMS) as load:
        load.wait_for(is_right, ENOUGH)
        cluster.roll()
        load.wait_for(is_right, ENOUGH)
    assert not failed(load)
    assert all(node.process not in before for node in cluster.nodes)


def test_repeated_reloads_of_nginx_fail_no_request(cluster: Cluster, target: Target) -> None:
    with steady(target, PROGRAMS) as load:
        load.wait_for(is_right, ENOUGH)
        for _ in range(RELOADS):
            cluster.route_to(cluster.nodes)
        load.wait_for(is_right, ENOUGH)
    assert not failed(load)


def test_a_rolling_update_whose_migration_runs_first_fails_no_request(
    cluster: Cluster, target: Target, tmp_path: Path
) -> None:
    migrations = str(next_migrations(tmp_path, EXPAND))
    with steady(target, PROGRAMS) as load:
        load.wait_for(is_right, ENOUGH)
        flask(cluster.nodes[0].environment, "db", "upgrade", "--directory", migrations)
        load.wait_for(is_right, ENOUGH)
        cluster.roll()
        load.wait_for(is_right, ENOUGH)
    assert not failed(load)
    assert columns(cluster, "person") >= {"identifier", "next_mark"}


def test_an_enrolment_by_the_client_survives_a_killed_node(
    cluster: Cluster, key: str, people: tuple[faces.Person, ...]
) -> None:
    enrolled: list[str] = []
    over = Event()

    def enrol(program: int) -> None:
        photos = people[program % len(people)].photos[:1]
        with through_nginx(cluster, key) as client:
            while not over.is_set():
                name = f"{program}-{len(enrolled)}"
                person = client.enrol(name, name, photos, consent=True, accept_doubts=True)
                enrolled.append(person.id)

    def wait_for_more() -> None:
        seen = len(enrolled)
        while len(enrolled) < seen + ENOUGH and not any(program.done() for program in programs):
            time.sleep(POLL_SECONDS)

    with ThreadPoolExecutor(PROGRAMS) as pool:
        programs = [pool.submit(enrol, number) for number in range(PROGRAMS)]
        wait_for_more()
        cluster.nodes[0].kill()
        wait_for_more()
        over.set()
        for program in programs:
            program.result()
    cluster.nodes[0].start()
    cluster.nodes[0].wait_until_ready()
    with through_nginx(cluster, key) as client:
        assert {person.id for person in client.people(q="-")} == set(enrolled)


def test_a_restarted_database_loses_nothing_and_is_reconnected(
    cluster: Cluster, target: Target
) -> None:
    stored = attempts_stored(cluster)
    with steady(target, PROGRAMS) as load:
        load.wait_for(is_right, ENOUGH)
        restart(cluster.database)
        back_at = time.monotonic()
        load.wait_for(is_right, ENOUGH)
    assert not any(map(is_wrong, load.answers))
    assert {answer.status for answer in failed(load)} <= {httpx.codes.SERVICE_UNAVAILABLE}
    late = [answer for answer in failed(load) if answer.began > back_at + BACK_SECONDS]
    assert not late
    assert attempts_stored(cluster) - stored >= sum(map(is_right, load.answers))


def columns(cluster: Cluster, table: str) -> set[str]:
    with psycopg.connect(cluster.database.get_uri()) as connection:
        found = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
        )
        return {name for (name,) in found}


def attempts_stored(cluster: Cluster) -> int:
    with psycopg.connect(cluster.database.get_uri()) as connection:
        return connection.execute("SELECT count(*) FROM attempt").fetchone()[0]
