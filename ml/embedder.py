"""A model as it serves: its network compiled once by LiteRT, then run for every face.

On the few cores of a small machine LiteRT takes half to three quarters of TensorFlow's time for the
same embeddings, up to rounding (docs/decisions/0009-litert.md). Compiling takes seconds; the result
is kept beside the weights and belongs to them and to the source of the backbones.
"""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ml import backbones
from ml.cores import usable_cores
from ml.files import replacing
from ml.registry import Artifact

THREADS_SETTING = "TF_NUM_INTRAOP_THREADS"  # the same that TensorFlow, which detects, listens to

log = logging.getLogger(__name__)


class Embedder:
    """Chips in, embeddings out; safe to share between threads, which take turns."""

    def __init__(self, artifact: Artifact) -> None:
        self._mirrored = artifact.config.mirrored
        self._size = artifact.config.network.embedding_size
        self._interpreter = Interpreter(
            model_content=_compiled(artifact), num_threads=computing_threads()
        )
        self._interpreter.allocate_tensors()
        (self._input,) = (tensor["index"] for tensor in self._interpreter.get_input_details())
        (self._output,) = (tensor["index"] for tensor in self._interpreter.get_output_details())
        self._turn = Lock()

    def __call__(self, chips: np.ndarray) -> np.ndarray:
        """Embed chips as the model serves them: in one pass, or averaged with the mirror image.

        Args:
            chips: (n, size, size, channels), values 0 to 255.

        Returns:
            float32 (n, d), of unit length.
        """
        single = self.one_pass(chips)
        return averaged(single, self.one_pass(mirrored(chips))) if self._mirrored else single

    def one_pass(self, chips: np.ndarray) -> np.ndarray:
        """Embed chips without their mirror images; the same shapes."""
        embeddings = np.empty((len(chips), self._size), np.float32)
        for row, chip in enumerate(chips):
            with self._turn:
                self._interpreter.set_tensor(self._input, chip[None].astype(np.float32))
                self._interpreter.invoke()
                embeddings[row] = self._interpreter.get_tensor(self._output)[0]
        return embeddings


def mirrored(chips: np.ndarray) -> np.ndarray:
    """Chips (n, size, size, channels) with left and right exchanged."""
    return chips[:, :, ::-1]


def averaged(single: np.ndarray, flipped: np.ndarray) -> np.ndarray:
    """Embeddings (n, d) and those of the mirror images, averaged, float32 (n, d) of unit length."""
    total = single + flipped
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def _compiled(artifact: Artifact) -> bytes:
    """The model compiled; read from beside its weights, or made and, where possible, left there."""
    kept = artifact.folder / f"compiled-{artifact.model_id}-{_source_of_backbones()}.tflite"
    if kept.exists():
        return kept.read_bytes()
    log.warning("compiling %s for serving; once, some 5 to 15 seconds", artifact.config.name)
    model = _compile(artifact)
    # An installation may be read-only; then the model is compiled again next time.
    with suppress(OSError):
        _keep(kept, model)
    return model


def _compile(artifact: Artifact) -> bytes:
    # Here, since these load TensorFlow, which a compiled model does not need.
    import keras

    from ml.siamese import embedding_network

    network = embedding_network(artifact.backbone())
    one_chip = keras.InputSpec(shape=(1, *network.input_shape[1:]), dtype="float32", name="chips")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.tflite"
        network.export(file, format="litert", verbose=False, input_signature=[one_chip])
        return file.read_bytes()


def _keep(path: Path, model: bytes) -> None:
    with replacing(path) as beside:
        beside.write_bytes(model)
    for old in path.parent.glob("compiled-*.tflite"):
        if old != path:
            old.unlink(missing_ok=True)


def _source_of_backbones() -> str:
    """Fingerprint of the code that builds networks: weights alone do not say what is computed."""
    digest = hashlib.sha256()
    for file in sorted(Path(backbones.__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def computing_threads() -> int:
    """How many threads a face is computed on."""
    return int(os.environ.get(THREADS_SETTING, 0)) or usable_cores()
