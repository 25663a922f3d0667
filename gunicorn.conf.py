"""How gunicorn serves: few processes, since each holds a model; threads share it."""

import os
import sys
import time
from multiprocessing.sharedctypes import RawArray

from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

MOST_PROCESSES, NOBODY = 256, 2**31 - 1
HEAD_START = 0.005  # seconds
open_connections = RawArray("i", [NOBODY] * MOST_PROCESSES)  # of each process, for all of them


class EvenWorker(ThreadWorker):
    """Lets a process with fewer open connections take the next one first.

    A connection that is kept open stays with its process; without this, one process may take all
    that come at the same moment, and another has nothing to do.
    """

    def __init__(self, *args, **kwargs):
        """Take a free place; still in the process that all others come from."""
        self.place = list(open_connections).index(NOBODY)
        super().__init__(*args, **kwargs)

    @property
    def nr_conns(self):
        """How many connections this process has."""
        return open_connections[self.place]

    @nr_conns.setter
    def nr_conns(self, number):
        open_connections[self.place] = number

    def accept(self, listener):
        """Take a connection, unless another process took it meanwhile."""
        if self.nr_conns > min(open_connections):
            time.sleep(HEAD_START)
        super().accept(listener)


workers = int(os.environ.get("WORKERS", "1"))
worker_class = EvenWorker
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
# A face on two threads is answered a fifth sooner, but two at once then take a quarter longer.
os.environ.setdefault("FACES_AT_ONCE", str(max(1, len(os.sched_getaffinity(0)) // workers)))
# Eight wait, whoever of the processes they came to: more would be answered late under a flood.
os.environ.setdefault("FACES_WAITING", str(max(1, 8 // workers)))
# Who holds or waits for a place keeps a thread. Others are left over, who refuse whoever comes
# beyond, and answer pages that look at no face.
places = int(os.environ["FACES_AT_ONCE"]) + int(os.environ["FACES_WAITING"])
threads = max(int(os.environ.get("THREADS", "16")), places + 6)
os.environ["THREADS"] = str(threads)
for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def post_worker_init(worker):
    """Warm the model up before the worker takes its first request, and start background work."""
    from webapp.startup import (  # only now: the worker has its environment
        NotReady,
        get_ready,
        start_background_work,
    )

    try:
        get_ready(worker.wsgi)
    except NotReady as problem:
        print(f"The app cannot start: {problem}", file=sys.stderr)
        sys.exit(Arbiter.WORKER_BOOT_ERROR)
    worker.background_work = start_background_work(worker.wsgi)
    print(f"Ready: open {' or '.join(map(str, worker.sockets))}", flush=True)


def child_exit(_server, worker):
    """Give the place of a process that ended to the next."""
    open_connections[worker.place] = NOBODY


def worker_exit(_server, worker):
    """End background work after its step at hand."""
    if hasattr(worker, "background_work"):
        worker.background_work.stop()
