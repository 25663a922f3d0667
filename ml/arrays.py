"""Names for the arrays that cross module boundaries: dtype in the type, shape in the comment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (height, width, 3), RGB, upright
Chip = NDArray[np.uint8]  # (size, size, channels), an aligned face
Chips = NDArray[np.uint8]  # (n, size, size, channels)
Landmarks = NDArray[np.float32]  # (5, 2), x and y in pixels, in the order of LANDMARK_NAMES
Embedding = NDArray[np.float32]  # (d,), of unit length
Embeddings = NDArray[np.float32]  # (n, d), of unit length
Similarities = NDArray[np.float32]  # (n,) or (n, probes), -1 to 1, by a normaliser
Reals = NDArray[np.float64]  # thresholds, rates and their intervals
Integers = NDArray[np.integer[Any]]  # labels, row numbers and counts
Mask = NDArray[np.bool_]
