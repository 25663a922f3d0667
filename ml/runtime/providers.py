"""Choose what computes embeddings: the processor, or an accelerator of ONNX Runtime's wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from ml.errors import ProviderMissing

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Provider = Literal["cpu", "cuda", "coreml"]
PROVIDERS: tuple[Provider, ...] = get_args(Provider)
Named = tuple[str, dict[str, Any]]

CPU: Named = ("CPUExecutionProvider", {})
# Each computes in full float32: TF32 and float16 move embeddings beyond the start's check.
ACCELERATORS: dict[str, tuple[Named, str]] = {
    "cuda": (("CUDAExecutionProvider", {"use_tf32": "0"}), "onnxruntime-gpu"),
    "coreml": (
        ("CoreMLExecutionProvider", {"MLComputeUnits": "CPUAndGPU"}),
        "onnxruntime for macOS",
    ),
}


def execution_providers(provider: Provider) -> list[Named]:
    """Return ONNX Runtime's providers, the preferred one first; the processor is always the last.

    Raises:
        ProviderMissing: if the installed ONNX Runtime does not have it.
    """
    from onnxruntime import get_available_providers  # its threads would not survive a fork

    if provider == "cpu":
        return [CPU]
    named, wheel = ACCELERATORS[provider]
    if named[0] not in get_available_providers():
        raise ProviderMissing(
            f"ONNX_PROVIDER is {provider}, but the installed ONNX Runtime does not have it. "
            f"Install {wheel} in place of onnxruntime, or set ONNX_PROVIDER=cpu"
        )
    return [named, CPU]


def check_used(session: InferenceSession, provider: Provider) -> None:
    """Check that a session uses the provider that was asked for.

    ONNX Runtime falls back to the processor where the accelerator's libraries are missing.

    Raises:
        ProviderMissing: if it does not.
    """
    wanted = execution_providers(provider)[0][0]
    if wanted not in session.get_providers():
        raise ProviderMissing(
            f"ONNX_PROVIDER is {provider}, but {wanted} does not start on this machine. "
            "Install its driver and libraries, or set ONNX_PROVIDER=cpu"
        )
