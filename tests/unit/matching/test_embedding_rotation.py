from __future__ import annotations

import numpy as np
import pytest

from webapp.crypto.vault import InstallationSecrets
from webapp.gallery.pgvector.embedding_rotation import secret_rotation

SIZE = 128
FIRST = [
    [0.9550885135051084, 0.2878905686989755, 0.07017800100304349],
    [0.2290668203129219, -0.5670776175933583, -0.7911708838527671],
    [0.18797426207417398, -0.7717136749331461, 0.6075554959992118],
]
KEY, OTHER = InstallationSecrets(bytes(32)), InstallationSecrets(b"1" * 32)


def test_a_rotation_preserves_cosines() -> None:
    turn = secret_rotation(KEY, "open-1", SIZE)
    drawn = np.random.default_rng(0).standard_normal((200, SIZE))
    drawn = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    turned = (drawn @ turn).astype(np.float32)

    assert turn.T @ turn == pytest.approx(np.eye(SIZE), abs=1e-12)
    assert turned @ turned.T == pytest.approx(drawn @ drawn.T, abs=1e-6)


def test_a_rotation_is_fixed_by_key_and_model() -> None:
    turn = secret_rotation(KEY, "open-1", SIZE)

    assert secret_rotation(KEY, "open-1", SIZE) == pytest.approx(turn, abs=1e-12)
    for other in (secret_rotation(OTHER, "open-1", SIZE), secret_rotation(KEY, "open-2", SIZE)):
        assert np.abs(other - turn).max() > 0.1


def test_a_rotation_is_stable_across_versions() -> None:
    """Stored vectors depend on these numbers."""
    turn = secret_rotation(KEY, "open-1", 3)

    assert turn == pytest.approx(np.array(FIRST), abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3, 128])
def test_rotations_are_drawn_uniformly(size: int) -> None:
    models = [f"model-{number}" for number in range(300 // size + 20)]
    turns = np.stack([secret_rotation(KEY, model, size) for model in models])
    first = turns[:, :, 0]

    assert np.abs(first.mean(axis=0)).max() < 5 / np.sqrt(len(turns) * size)
    assert (first**2).mean() == pytest.approx(1 / size, rel=1e-9)
