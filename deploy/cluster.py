"""A whole cluster on this machine: PostgreSQL, two nodes of the app, nginx before them.

`make run-cluster` starts it, and so do the tests and the measurement of load. nginx reads the file
that a real host would read, `deploy/nginx/faces.conf`; docs/how-to/scale.md
names the differences.
"""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

from ml import usable_cores

try:
    import pgserver
except ImportError:  # no wheel for this Python; only PostgreSQL on this machine needs it
    pgserver = None  # type: ignore[assignment]

ROOT = Path(__file__).parents[1]
NGINX_SITE = ROOT / "deploy" / "nginx" / "faces.conf"
HOST = "127.0.0.1"
WAY_IN, FIRST_NODE = 8443, 8001
NODES = 2
# A node loads its model before it is ready; twice as long where it has to be compiled first.
READY_SECONDS, LOOK_SECONDS = 180, 0.1
ENDING_SECONDS = 30

NGINX = """\
daemon off;
pid nginx.pid;
error_log stderr warn;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{ include {site}; }}
"""
LISTEN = """\
listen {host}:{port} ssl;
ssl_certificate {instance}/certificate.pem;
ssl_certificate_key {instance}/certificate.key;
"""


class ClusterError(Exception):
    """The cluster cannot be started; the text says what is missing."""


@dataclass
class Node:
    """gunicorn with the app, as every node of a cluster runs it; `output` is where it speaks to."""

    port: int
    environment: Mapping[str, str]
    output: IO[bytes] | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the node answers, past nginx."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it; it is ready later."""
        bind = f"{HOST}:{self.port}"
        command = ["gunicorn", "--config", "gunicorn.conf.py", "--bind", bind, "wsgi:app"]
        self.process = subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=self.output,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until it serves.

        Raises:
            ClusterError: if it ended, or is not ready in time.
        """
        end = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self.process is None or self.process.poll() is not None:
                raise ClusterError(f"the node on port {self.port} ended; its output says why")
            if time.monotonic() > end:
                raise ClusterError(f"the node on port {self.port} is not ready in time")
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Let it finish what it has begun, then end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its workers at once, whatever they do."""
        self._signal(signal.SIGKILL)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        if number is signal.SIGKILL:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        self.process.wait(ENDING_SECONDS)


@dataclass
class Cluster:
    """What runs, and where."""

    folder: Path
    database: pgserver.PostgresServer
    way_in: int
    nodes: list[Node] = field(default_factory=list)
    nginx: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where people reach it."""
        return f"https://{HOST}:{self.way_in}"

    @property
    def instance(self) -> Path:
        """The secrets; every node has the same."""
        return self.folder / "instance"

    def trust(self) -> ssl.SSLContext:
        """Believes the cluster's certificate, which it made itself."""
        return ssl.create_default_context(cafile=str(self.instance / "certificate.pem"))

    def roll(self) -> None:
        """Restart one node after the other; each is taken out first, and let in when ready."""
        for node in self.nodes:
            self.let_in([other for other in self.nodes if other is not node])
            node.stop()
            node.start()
            node.wait_until_ready()
            self.let_in(self.nodes)

    def let_in(self, serving: list[Node]) -> None:
        """Let nginx send requests to these nodes only, and wait until it does."""
        if self.nginx is None:
            raise ClusterError("nginx does not run")
        self._write_nodes(serving)
        before = self._nginx_workers()
        self.nginx.send_signal(signal.SIGHUP)
        # The former workers end when what they passed on is answered.
        end = time.monotonic() + ENDING_SECONDS
        while before & self._nginx_workers() and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)

    def start_nginx(self) -> None:
        """Start nginx, with every node let in."""
        program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise ClusterError("nginx is missing; on Debian: apt-get install nginx-light")
        home = self.folder / "nginx"
        (home / "faces").mkdir(parents=True, exist_ok=True)
        shutil.copy(NGINX_SITE, home)
        (home / "nginx.conf").write_text(NGINX.format(site=NGINX_SITE.name))
        listen = LISTEN.format(host=HOST, port=self.way_in, instance=self.instance)
        (home / "faces" / "listen.conf").write_text(listen)
        self._write_nodes(self.nodes)
        self.nginx = subprocess.Popen(  # noqa: S603  our own command
            [program, "-p", str(home), "-c", "nginx.conf", "-e", "stderr"]
        )

    def _nginx_workers(self) -> set[str]:
        pid = self.nginx.pid if self.nginx else 0
        linux = Path(f"/proc/{pid}/task/{pid}/children")
        if linux.exists():
            return set(linux.read_text().split())
        found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)  # noqa: S603, S607
        return set(found.stdout.split())

    def _write_nodes(self, serving: list[Node]) -> None:
        lines = [
            f"    server {HOST}:{node.port} max_fails=1 fail_timeout=5s"
            f"{'' if node in serving else ' down'};\n"
            for node in self.nodes
        ]
        nodes = "".join(["upstream faces {\n    least_conn;\n", *lines, "}\n"])
        (self.folder / "nginx" / "faces" / "nodes.conf").write_text(nodes)


def restart(database: pgserver.PostgresServer) -> None:
    """Restart PostgreSQL; connections are cut."""
    pgserver.pg_ctl(  # type: ignore[attr-defined]  # made when it is imported
        ["restart", "--mode=fast", "--wait"],
        pgdata=database.pgdata,
        user=database.system_user,
    )


@contextmanager
def running(
    folder: Path, *, way_in: int = WAY_IN, first_node: int = FIRST_NODE, **settings: str
) -> Iterator[Cluster]:
    """A cluster in a folder, for as long as it is needed.

    Args:
        folder: holds the database and the secrets; what is there already is used.
        way_in: nginx's port.
        first_node: the first node's port, the others' follow.
        settings: of the app, besides those of the cluster.

    Raises:
        ClusterError: if a part is missing or does not start.
    """
    if pgserver is None:
        raise ClusterError(
            "pgserver has no wheel for this Python. Run: make run-cluster PYTHON=python3.12"
        )
    with ExitStack() as stack:
        database = pgserver.get_server(folder / "database", cleanup_mode="stop")
        stack.callback(database.cleanup)
        cluster = Cluster(folder, database, way_in)
        environment = _environment(cluster) | settings
        for command in (("certificate",), ("prepare", "--url", cluster.url)):
            print(flask(environment, *command), end="", flush=True)
        for number in range(NODES):
            node = Node(first_node + number, environment)
            node.start()
            stack.callback(node.kill)
            stack.callback(node.stop)
            cluster.nodes.append(node)
        for node in cluster.nodes:
            node.wait_until_ready()
        cluster.start_nginx()
        stack.callback(_end, cluster)
        yield cluster


def _environment(cluster: Cluster) -> dict[str, str]:
    """What the nodes are given: one database, one set of secrets, a share of the cores each."""
    cores = str(max(1, usable_cores() // NODES))
    return {
        "INSTANCE": str(cluster.instance),
        "DATABASE_URL": cluster.database.get_uri(),
        "HTTPS": "1",
        "PROXIES": "1",
        "WORKERS": "1",
        "FACES_AT_ONCE": cores,
    }


def flask(environment: Mapping[str, str], *command: str) -> str:
    """What a command of the app says."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "flask", "--app", "wsgi", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _end(cluster: Cluster) -> None:
    if cluster.nginx is not None:
        cluster.nginx.send_signal(signal.SIGQUIT)
        cluster.nginx.wait(ENDING_SECONDS)


def main() -> int:
    """Run a cluster until Ctrl-C."""
    folder = Path(os.environ.get("CLUSTER", "cluster")).absolute()
    folder.mkdir(exist_ok=True)
    try:
        with running(folder) as cluster:
            print(f"{NODES} nodes serve at {cluster.url}; Ctrl-C ends them", flush=True)
            signal.pause()
    except ClusterError as error:
        print(f"run-cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
