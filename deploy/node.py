"""A node of the cluster: gunicorn with the app."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

ROOT = Path(__file__).parents[1]


HOST = "127.0.0.1"


# A node loads its model before it is ready.
READY_SECONDS, POLL_SECONDS = 180, 0.1


STOP_SECONDS = 30


class ClusterError(Exception):
    """The cluster cannot start; the message names what is missing."""


@dataclass
class Node:
    """A node: gunicorn with the app; `output` receives its standard output."""

    port: int
    environment: Mapping[str, str]
    output: IO[bytes] | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the node, bypassing nginx."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start the process without waiting until it is ready."""
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
        """Wait until the node serves.

        Raises:
            ClusterError: if it exited, or is not ready within READY_SECONDS.
        """
        end = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self.process is None or self.process.poll() is not None:
                raise ClusterError(f"The node on port {self.port} exited. Read its output.")
            if time.monotonic() > end:
                raise ClusterError(
                    f"The node on port {self.port} is not ready after {READY_SECONDS} seconds. "
                    "Read its output."
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop gracefully: finish the running requests."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the node and its workers immediately."""
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
        self.process.wait(STOP_SECONDS)


def flask(environment: Mapping[str, str], *command: str) -> str:
    """Run a command of the app and return its output."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "flask", "--app", "wsgi", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout
