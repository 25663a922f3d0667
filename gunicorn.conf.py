"""gunicorn's configuration: few processes, because each loads a model; threads share it."""

import os
import re
import sys

# Numerical libraries read it at import, which the imports below trigger.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import resource
from functools import partial

from gunicorn.arbiter import Arbiter

from deploy.buffering.worker import BufferingWorker
from ml.runtime.cores import usable_cores


def number(name, default, least=0):
    """Return a setting that is a whole number; exit with a sentence if it is not."""
    value = os.environ.get(name, "").strip() or str(default)
    if value.isascii() and value.isdigit() and int(value) >= least:
        return int(value)
    return sys.exit(
        f"The app cannot start: {name} is {value!r}, but must be a whole number, {least} or more"
    )


def path_of_the_app():
    """Return SCRIPT_NAME without a trailing slash; exit with a sentence if it is malformed."""
    value = os.environ.get("SCRIPT_NAME", "").strip().rstrip("/")
    if not re.fullmatch(r"(/(?!\.{1,2}(/|$))[\w.~-]+)*", value, re.ASCII):
        sys.exit(f"The app cannot start: SCRIPT_NAME is {value!r}, but must be such as '/faces'")
    return value


workers = number("WORKERS", 1, least=1)
worker_class = BufferingWorker
# Behind a proxy all connections come from the proxy.
if number("PROXIES", 0):
    BufferingWorker.connections_a_network = None
os.environ["SCRIPT_NAME"] = path_of_the_app()
# The app judges forwarded headers by PROXIES; by default gunicorn trusts them from this machine.
forwarded_allow_ips = ""
# Each connection is an open file; database, models and log need descriptors too.
worker_connections, MIN_OPEN_FILES = 500, 1024
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
wanted = MIN_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MIN_OPEN_FILES, hard)
if soft != resource.RLIM_INFINITY and soft < wanted:
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
sendfile = False  # responses go through the worker's buffers
limit_request_fields = 64
control_socket_disable = True  # unused, and two servers of one user would share it
bind = "127.0.0.1:8000"
# Face detection makes many short calls that release the GIL. At the default of 5 ms, each would
# wait that long to get it back while other threads are busy.
sys.setswitchinterval(0.0005)
timeout = 120  # seconds; a worker loads its model before its first heartbeat
graceful_timeout = 20  # seconds
keepalive = 30  # seconds that an idle connection stays open
loglevel = "warning"

# Concurrent face analyses match the cores: each uses one thread.
os.environ.setdefault("FACES_AT_ONCE", str(max(1, usable_cores() // workers)))
# Queue of 8 requests over all processes; a longer one would only delay responses under a flood.
os.environ.setdefault("FACES_WAITING", str(max(1, 8 // workers)))
# Each place in the queue occupies a thread. SPARE_THREADS more reject excess requests and serve
# pages that analyse no face.
SPARE_THREADS = 6
places = number("FACES_AT_ONCE", 1, least=1) + number("FACES_WAITING", 0)
threads = max(number("THREADS", 16, least=1), places + SPARE_THREADS)
os.environ["THREADS"] = str(threads)


def post_worker_init(worker):
    """Check the installation and warm up the model before the first request."""
    from webapp.startup.background import start_background_work
    from webapp.startup.not_ready import NotReady
    from webapp.startup.prepare import get_ready

    try:
        get_ready(worker.wsgi)
    except NotReady as problem:
        print(f"The app cannot start: {problem}", file=sys.stderr)
        sys.exit(Arbiter.WORKER_BOOT_ERROR)
    from webapp.core.network import client_network
    from webapp.web.limits.request_bounds import largest_body

    worker.largest = partial(largest_body, worker.wsgi)
    worker.network_of = client_network
    worker.background_work = start_background_work(worker.wsgi)
    print(f"Ready: open {' or '.join(map(str, worker.sockets))}", flush=True)


def worker_exit(_server, worker):
    """Stop background work after its current step."""
    if hasattr(worker, "background_work"):
        worker.background_work.stop()
