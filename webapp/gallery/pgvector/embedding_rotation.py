"""A secret turn of all embeddings: cosines stay as they are, the numbers mean nothing elsewhere.

The turn is an orthogonal matrix that follows from the installation's own key and the model: always
the same one, also after a new master key. What it protects:
docs/explanation/security.md.
"""

from __future__ import annotations

import numpy as np

from webapp.crypto.vault import InstallationSecrets

BYTES_A_NUMBER = 8
# Of 64 random bits as many as a float64 keeps.
KEPT_BITS = 53


def secret_rotation(secrets: InstallationSecrets, model_id: str, size: int) -> np.ndarray:
    """An orthogonal matrix, float64 (size, size), as if drawn at random from all there are.

    Columns of normal numbers made orthogonal, with the signs of Mezzadri, "How to generate random
    matrices from the classical compact groups", 2007.
    """
    drawn = _normal(secrets, f"turn of embeddings by {model_id}", size * size)
    orthogonal, triangular = np.linalg.qr(drawn.reshape(size, size))
    return orthogonal * np.sign(np.diag(triangular))


def _normal(secrets: InstallationSecrets, purpose: str, count: int) -> np.ndarray:
    """Normal numbers from keyed bytes by Box and Muller: no library's generator may change them."""
    pairs = -(-count // 2)
    stream = secrets.keyed_stream(purpose, 2 * pairs * BYTES_A_NUMBER)
    numbers = np.frombuffer(stream, "<u8") >> np.uint64(64 - KEPT_BITS)
    uniform = (numbers.astype(np.float64) + 0.5) / 2.0**KEPT_BITS
    radius = np.sqrt(-2 * np.log(uniform[:pairs]))
    angle = 2 * np.pi * uniform[pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
