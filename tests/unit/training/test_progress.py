"""Learning rate, checkpoints, the validation figure and stop requests."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ml.error_rates import equal_error_rate
from ml.lab.training.checkpoint import load_checkpoint, save_checkpoint
from ml.lab.training.config import OptimiserConfig
from ml.lab.training.interruption import stop_requests
from ml.lab.training.trainer import learning_rate
from ml.lab.training.validation import MOST_PICTURES, all_pairs, pair_eer, validation_rows

pytestmark = pytest.mark.slow


def test_the_rate_rises_while_warming_up_and_falls_to_nothing() -> None:
    optimiser = OptimiserConfig(rate=0.1, warm_up=10)
    rates = [learning_rate(optimiser, step, 100) for step in range(101)]
    assert rates[:10] == pytest.approx([0.01 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(0.1)
    assert all(a > b for a, b in pairwise(rates[10:]))
    assert rates[100] == pytest.approx(0.0)


def test_a_checkpoint_restores_the_saved_state(tmp_path: Path) -> None:
    arrays = {"a": np.arange(3, dtype=np.float32), "b": np.array(7, np.int64)}
    save_checkpoint(tmp_path / "c.npz", arrays, {"step": 3, "config": {"x": [1, 2]}})
    loaded, facts = load_checkpoint(tmp_path / "c.npz")
    assert facts == {"step": 3, "config": {"x": [1, 2]}}
    assert {name: (v.dtype, v.tolist()) for name, v in loaded.items()} == {
        name: (v.dtype, v.tolist()) for name, v in arrays.items()
    }


def test_a_checkpoint_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    save_checkpoint(path, {"a": np.zeros(2)}, {"step": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_checkpoint(path, {"a": np.ones(2)}, {"step": object()})
    assert load_checkpoint(path)[1] == {"step": 1}


def test_pairs_are_those_of_the_slow_loop() -> None:
    embeddings = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3])
    genuine, impostor = [], []
    for i in range(9):
        for j in range(i + 1, 9):
            kind = genuine if labels[i] == labels[j] else impostor
            kind.append(float(embeddings[i] @ embeddings[j]))
    fast = all_pairs(embeddings, labels)
    assert np.sort(fast[0]) == pytest.approx(np.sort(genuine), abs=1e-5)
    assert np.sort(fast[1]) == pytest.approx(np.sort(impostor), abs=1e-5)
    expected = equal_error_rate(np.array(genuine), np.array(impostor))
    assert pair_eer(embeddings, labels) == pytest.approx(expected, abs=1e-3)


def test_embeddings_that_are_no_numbers_are_the_worst() -> None:
    assert pair_eer(np.full((4, 2), np.nan, np.float32), np.array([0, 0, 1, 1])) == 1.0


def test_people_with_many_pictures_do_not_outweigh_the_others() -> None:
    labels = np.array([0] * 50 + [1] * 3)
    assert np.bincount(labels[validation_rows(labels)]).tolist() == [MOST_PICTURES, 3]


def test_the_first_signal_asks_and_the_second_insists() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_requests() as request:
        assert not request.made
        os.kill(os.getpid(), signal.SIGINT)
        assert request.made
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
