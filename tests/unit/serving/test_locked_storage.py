from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from webapp.core.memory_storage import LockedMemoryStorage

THREADS, ROUNDS = 16, 150


def test_many_threads_may_count_at_once() -> None:
    storage, together = LockedMemoryStorage(), Barrier(THREADS, timeout=20)

    def count(_thread: int) -> None:
        for _ in range(ROUNDS):
            storage.timer.join()  # the timer has ended, so the next use starts another one
            together.wait()
            storage.incr("uses", expiry=60)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count, range(THREADS)))

    assert storage.get("uses") == THREADS * ROUNDS
