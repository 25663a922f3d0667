"""A local cluster: PostgreSQL, two nodes of the app, and nginx in front of them.

`make run-cluster` starts it, and so do the tests and the load benchmark. nginx reads the file of a
real host, `deploy/nginx/faces.conf`; docs/how-to/scale.md lists the differences.
"""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.node import HOST, POLL_SECONDS, ROOT, STOP_SECONDS, ClusterError, Node, flask
from ml import usable_cores

try:
    import pgserver
except ImportError:  # no wheel for this Python; only PostgreSQL on this machine needs it
    pgserver = None  # type: ignore[assignment]

NGINX_SITE = ROOT / "deploy" / "nginx" / "faces.conf"
NGINX_PORT, FIRST_NODE_PORT = 8443, 8001
NODES = 2

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


@dataclass
class Cluster:
    """A running cluster."""

    folder: Path
    database: pgserver.PostgresServer
    nginx_port: int
    nodes: list[Node] = field(default_factory=list)
    nginx: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the cluster."""
        return f"https://{HOST}:{self.nginx_port}"

    @property
    def instance(self) -> Path:
        """The instance folder, shared by all nodes."""
        return self.folder / "instance"

    def trust(self) -> ssl.SSLContext:
        """Return a context that trusts the cluster's self-signed certificate."""
        return ssl.create_default_context(cafile=str(self.instance / "certificate.pem"))

    def roll(self) -> None:
        """Restart the nodes one by one; nginx skips each until it is ready."""
        for node in self.nodes:
            self.route_to([other for other in self.nodes if other is not node])
            node.stop()
            node.start()
            node.wait_until_ready()
            self.route_to(self.nodes)

    def route_to(self, serving: list[Node]) -> None:
        """Make nginx send requests to these nodes only, and wait until it does."""
        if self.nginx is None:
            raise ClusterError("nginx is not running. Call start_nginx first.")
        self._write_nodes(serving)
        before = self._nginx_workers()
        self.nginx.send_signal(signal.SIGHUP)
        # The old nginx workers exit after their last response.
        end = time.monotonic() + STOP_SECONDS
        while before & self._nginx_workers() and time.monotonic() < end:
            time.sleep(POLL_SECONDS)

    def start_nginx(self) -> None:
        """Start nginx with all nodes."""
        program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise ClusterError("nginx is missing. On Debian run: apt-get install nginx-light")
        home = self.folder / "nginx"
        (home / "faces").mkdir(parents=True, exist_ok=True)
        shutil.copy(NGINX_SITE, home)
        (home / "nginx.conf").write_text(NGINX.format(site=NGINX_SITE.name))
        listen = LISTEN.format(host=HOST, port=self.nginx_port, instance=self.instance)
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
    """Restart PostgreSQL, which closes all connections."""
    pgserver.pg_ctl(  # type: ignore[attr-defined]  # made when it is imported
        ["restart", "--mode=fast", "--wait"],
        pgdata=database.pgdata,
        user=database.system_user,
    )


@contextmanager
def running(
    folder: Path,
    *,
    nginx_port: int = NGINX_PORT,
    first_node_port: int = FIRST_NODE_PORT,
    **settings: str,
) -> Iterator[Cluster]:
    """Run a cluster in a folder.

    Args:
        folder: holds the database and the secrets; existing ones are used.
        nginx_port: the port of nginx.
        first_node_port: the port of the first node; the others follow.
        settings: settings of the app, added to those of the cluster.

    Raises:
        ClusterError: if a component is missing or does not start.
    """
    if pgserver is None:
        raise ClusterError(
            "pgserver has no wheel for this Python. Run: make run-cluster PYTHON=python3.12"
        )
    with ExitStack() as stack:
        database = pgserver.get_server(folder / "database", cleanup_mode="stop")
        stack.callback(database.cleanup)
        cluster = Cluster(folder, database, nginx_port)
        environment = _environment(cluster) | settings
        for command in (("certificate",), ("prepare", "--url", cluster.url)):
            print(flask(environment, *command), end="", flush=True)
        for number in range(NODES):
            node = Node(first_node_port + number, environment)
            node.start()
            stack.callback(node.kill)
            stack.callback(node.stop)
            cluster.nodes.append(node)
        for node in cluster.nodes:
            node.wait_until_ready()
        cluster.start_nginx()
        stack.callback(_stop_nginx, cluster)
        yield cluster


def _environment(cluster: Cluster) -> dict[str, str]:
    """Return the settings of the nodes: common database and secrets, and a share of the cores."""
    cores = str(max(1, usable_cores() // NODES))
    return {
        "INSTANCE": str(cluster.instance),
        "DATABASE_URL": cluster.database.get_uri(),
        "HTTPS": "1",
        "PROXIES": "1",
        "WORKERS": "1",
        "FACES_AT_ONCE": cores,
    }


def _stop_nginx(cluster: Cluster) -> None:
    if cluster.nginx is not None:
        cluster.nginx.send_signal(signal.SIGQUIT)
        cluster.nginx.wait(STOP_SECONDS)


def main() -> int:
    """Run a cluster until Ctrl-C."""
    folder = Path(os.environ.get("CLUSTER", "cluster")).absolute()
    folder.mkdir(exist_ok=True)
    try:
        with running(folder) as cluster:
            print(f"{NODES} nodes serve at {cluster.url}; press Ctrl-C to stop", flush=True)
            signal.pause()
    except ClusterError as error:
        print(f"run-cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
