"""How gunicorn serves: few processes, since each holds a model; threads share it."""

import os
import sys

from gunicorn.arbiter import Arbiter

workers = int(os.environ.get("WORKERS", "1"))
threads = int(os.environ.get("THREADS", "4"))
worker_class = "gthread"
bind = "127.0.0.1:8000"
timeout = 120  # seconds; a worker loads its model before its first sign of life
graceful_timeout = 20
loglevel = "warning"

# One place where the computing threads are counted: workers times these fit the cores.
cores_a_worker = str(max(1, len(os.sched_getaffinity(0)) // workers))
for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, cores_a_worker)
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def post_worker_init(worker):
    """Warm the model up before the worker takes its first request."""
    from webapp.startup import NotReady, get_ready  # only now: the worker has its environment

    try:
        get_ready(worker.wsgi)
    except NotReady as problem:
        print(f"The app cannot start: {problem}", file=sys.stderr)
        sys.exit(Arbiter.WORKER_BOOT_ERROR)
    print(f"Ready: open {' or '.join(map(str, worker.sockets))}", flush=True)
