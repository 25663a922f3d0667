"""Secret rotation of embeddings: it preserves cosines and makes the components meaningless.

The rotation is an orthogonal matrix derived from the installation key and the model id. It stays
the same after a rotation of the master key. docs/explanation/security.md describes what it
protects.
"""

from __future__ import annotations

import numpy as np

from webapp.crypto.vault import InstallationSecrets

BYTES_PER_NUMBER = 8
# Precision of a float64 mantissa; the lower bits of 64 random ones are dropped.
MANTISSA_BITS = 53


def secret_rotation(secrets: InstallationSecrets, model_id: str, size: int) -> np.ndarray:
    """Return a pseudorandom orthogonal matrix, float64 (size, size), with Haar distribution.

    QR decomposition of a Gaussian matrix, with the sign correction of Mezzadri, "How to generate
    random matrices from the classical compact groups", 2007.
    """
    gaussian = _normal(secrets, f"turn of embeddings by {model_id}", size * size)
    orthogonal, triangular = np.linalg.qr(gaussian.reshape(size, size))
    return orthogonal * np.sign(np.diag(triangular))


def _normal(secrets: InstallationSecrets, purpose: str, count: int) -> np.ndarray:
    """Return normal numbers from keyed bytes by Box-Muller, independent of library versions."""
    pairs = -(-count // 2)
    stream = secrets.keyed_stream(purpose, 2 * pairs * BYTES_PER_NUMBER)
    numbers = np.frombuffer(stream, "<u8") >> np.uint64(64 - MANTISSA_BITS)
    uniform = (numbers.astype(np.float64) + 0.5) / 2.0**MANTISSA_BITS
    radius = np.sqrt(-2 * np.log(uniform[:pairs]))
    angle = 2 * np.pi * uniform[pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
