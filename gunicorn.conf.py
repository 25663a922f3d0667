"""How gunicorn serves: few processes, since each holds a model; threads share it."""

import os
import re
import sys

# Numerical libraries read it when they are imported, which the next import does.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import resource
from functools import partial

from gunicorn.arbiter import Arbiter

from deploy.buffering_worker import BufferingWorker
from ml.runtime.cores import usable_cores


def number(name, default, least=0):
    """Return a setting that is a whole number, or end with a sentence."""
    value = os.environ.get(name, "").strip() or str(default)
    if value.isascii() and value.isdigit() and int(value) >= least:
        return int(value)
    return sys.exit(
        f"The app cannot start: {name} is {value!r}, but must be a whole number, {least} or more"
    )


def path_of_the_app():
    """Return SCRIPT_NAME without a slash at its end, or end with a sentence."""
    value = os.environ.get("SCRIPT_NAME", "").strip().rstrip("/")
    if not re.fullmatch(r"(/(?!\.{1,2}(/|$))[\w.~-]+)*", value, re.ASCII):
        sys.exit(f"The app cannot start: SCRIPT_NAME is {value!r}, but must be such as '/faces'")
    return value


workers = number("WORKERS", 1, least=1)
worker_class = BufferingWorker
# Behind a proxy every connection is the proxy's.
if number("PROXIES", 0):
    BufferingWorker.connections_a_network = None
os.environ["SCRIPT_NAME"] = path_of_the_app()
# Forwarded headers are the app's to judge, by PROXIES; gunicorn believes them from this machine.
forwarded_allow_ips = ""
# Each connection is an open file; the database, the models and the log need some as well.
worker_connections, FILES = 500, 1024
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
if soft != resource.RLIM_INFINITY and soft < wanted:
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
sendfile = False  # answers go through the worker's buffers
limit_request_fields = 64
control_socket_disable = True  # nobody asks it, and two servers of one user would share it
bind = "127.0.0.1:8000"
# A face is found in many short calls that give Python's lock away; each would wait for it five
# milliseconds, the usual, where other threads are busy.
sys.setswitchinterval(0.0005)
timeout = 120  # seconds; a worker loads its model before its first sign of life
graceful_timeout = 20
keepalive = 30  # seconds; a program that asks again within them finds its connection open
loglevel = "warning"

# One place where the computing threads are counted: faces at once, a thread each, fit the cores.
os.environ.setdefault("FACES_AT_ONCE", str(max(1, usable_cores() // workers)))
# Eight wait, whoever of the processes they came to: more would be answered late under a flood.
os.environ.setdefault("FACES_WAITING", str(max(1, 8 // workers)))
# Who holds or waits for a place keeps a thread. Others are left over, who refuse whoever comes
# beyond, and answer pages that look at no face.
places = number("FACES_AT_ONCE", 1, least=1) + number("FACES_WAITING", 0)
threads = max(number("THREADS", 16, least=1), places + 6)
os.environ["THREADS"] = str(threads)


def post_worker_init(worker):
    """Warm the model up before the worker takes its first request, and start background work."""
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
    """End background work after its step at hand."""
    if hasattr(worker, "background_work"):
        worker.background_work.stop()
