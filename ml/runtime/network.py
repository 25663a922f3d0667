"""One ONNX file as ONNX Runtime runs it, and the checks that a file passes before it runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime

from ml.errors import ModelBroken, reason_of


class Network:
    """A network without state; threads share it and run it side by side, one core a call."""

    def __init__(self, content: bytes, file: str) -> None:
        """Load a network.

        Args:
            content: of an ONNX file with one input.
            file: its name, for error messages.

        Raises:
            ModelBroken: if ONNX Runtime cannot load it.
        """
        self._file = file
        try:
            self._session = onnxruntime.InferenceSession(
                content, _options(), providers=["CPUExecutionProvider"]
            )
        # ONNX Runtime's errors have no common type but this.
        except Exception as error:
            raise ModelBroken(f"{file} cannot be loaded: {_first_line(error)}") from error
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Run the network on uint8 (n, height, width, channels); return its outputs in order.

        Raises:
            ModelBroken: if the network does not take this shape or type.
        """
        try:
            return self._session.run(None, {self._input: pixels})
        except Exception as error:
            raise ModelBroken(f"{self._file} cannot be run: {_first_line(error)}") from error


def read_checked(path: Path, digest: str, remedy: str) -> bytes:
    """Read a file whose SHA-256 digest is known.

    Raises:
        ModelBroken: if it is missing, unreadable or another one; the text ends with `remedy`.
    """
    file = name_of(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelBroken(f"{file} is missing. {remedy}") from error
    except OSError as error:
        raise ModelBroken(f"{file} cannot be read ({reason_of(error)}). {remedy}") from error
    if sha256(content) != digest:
        raise ModelBroken(f"{file} is damaged or exchanged: its SHA-256 is wrong. {remedy}")
    return content


def sha256(content: bytes) -> str:
    """Return the SHA-256 digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def name_of(path: Path) -> str:
    """Name a file of an artifact by its folder and its name, without its place on this machine."""
    return f"{path.parent.name}/{path.name}"


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # As many faces run side by side as there are cores, one core each.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal; errors are raised, and logged by their catcher
    return options


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
