"""One ONNX file run by ONNX Runtime, and the digest check before it is loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime

from ml.errors import ModelBroken, reason_of
from ml.runtime.providers import Provider, check_used, execution_providers


class Network:
    """A stateless network; threads share it and run in parallel, one core a call."""

    def __init__(self, content: bytes, file: str, provider: Provider = "cpu") -> None:
        """Load a network.

        Args:
            content: content of an ONNX file with one input.
            file: name of the file, for error messages.
            provider: computes the network.

        Raises:
            ModelBroken: if ONNX Runtime cannot load it.
            ProviderMissing: if ONNX Runtime cannot use the provider.
        """
        self._file = file
        providers = execution_providers(provider)
        try:
            self._session = onnxruntime.InferenceSession(content, _options(), providers=providers)
        # ONNX Runtime's exceptions share no narrower base class.
        except Exception as error:
            raise ModelBroken(f"{file} cannot be loaded: {_first_line(error)}") from error
        check_used(self._session, provider)
        self._input = self._session.get_inputs()[0].name

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of what computes it."""
        return str(self._session.get_providers()[0])

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Run the network on uint8 (n, height, width, channels); return its outputs in order.

        Raises:
            ModelBroken: if the network does not accept this shape or dtype.
        """
        try:
            outputs: list[np.ndarray] = self._session.run(None, {self._input: pixels})
        except Exception as error:
            raise ModelBroken(f"{self._file} cannot be run: {_first_line(error)}") from error
        return outputs


def read_checked(path: Path, digest: str, remedy: str) -> bytes:
    """Read a file and check its SHA-256 digest.

    Raises:
        ModelBroken: if it is missing, unreadable or has another digest; the text ends with
            `remedy`.
    """
    file = name_of(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelBroken(f"{file} is missing. {remedy}") from error
    except OSError as error:
        raise ModelBroken(f"{file} cannot be read ({reason_of(error)}). {remedy}") from error
    if sha256(content) != digest:
        raise ModelBroken(f"{file} is damaged or replaced: its SHA-256 is wrong. {remedy}")
    return content


def sha256(content: bytes) -> str:
    """Return the SHA-256 digest, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def name_of(path: Path) -> str:
    """Return folder and name of an artifact's file, without its path on this machine."""
    return f"{path.parent.name}/{path.name}"


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # Faces run in parallel, one core each.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only; callers log the exceptions
    return options


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
