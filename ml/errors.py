"""Reasons why a picture or a model cannot be used: one type a reason, each with a stable code.

The module that finds the reason raises it; the web app turns codes into texts in one place.
"""

from __future__ import annotations


class FaceError(Exception):
    """A picture cannot be used. `code` names the reason, `details` holds facts about it."""

    code = "unusable"

    def __init__(self, **details: object) -> None:
        self.details = details
        facts = ", ".join(f"{name}={value}" for name, value in details.items())
        super().__init__(f"{self.code} ({facts})" if facts else self.code)


class NotAnImage(FaceError):
    """The bytes are not a picture of a known format."""

    code = "not_an_image"


class TruncatedImage(FaceError):
    """The picture is cut off before its end, or damaged inside."""

    code = "truncated_image"


class UnsupportedFormat(FaceError):
    """The picture has a format that is not accepted. `format` names it, for example "HEIC"."""

    code = "unsupported_format"


class TooManyBytes(FaceError):
    """The file is too large. `limit_bytes` is the largest size accepted."""

    code = "too_many_bytes"


class TooManyScans(FaceError):
    """A progressive JPEG has too many passes. `limit` is the largest number decoded."""

    code = "too_many_scans"


class TooManyPixels(FaceError):
    """The picture would be too large once decoded. `limit_pixels` is the largest area accepted."""

    code = "too_many_pixels"


class TooFewPixels(FaceError):
    """The picture is too small for a usable face. `limit_px` is the shortest side accepted."""

    code = "too_few_pixels"


class NoFace(FaceError):
    """The detector found no face, even in its thorough pass."""

    code = "no_face"


class TwoFaces(FaceError):
    """A second face is comparable in size with the main one. `faces` counts all faces."""

    code = "two_faces"


class FaceTooSmall(FaceError):
    """The face has too few pixels. `face_px` is its width, `limit_px` the least accepted."""

    code = "face_too_small"


class TooBlurred(FaceError):
    """The aligned face has too little fine detail."""

    code = "too_blurred"


class TooDark(FaceError):
    """The face is too dark."""

    code = "too_dark"


class TooBright(FaceError):
    """The face is too bright, or its highlights are clipped."""

    code = "too_bright"


class ArtifactError(Exception):
    """A model artifact cannot be used; the text names the remedy and no path of this machine."""


class ModelNotFound(ArtifactError):
    """No artifact of that name is installed."""


class ProviderMissing(ArtifactError):
    """ONNX Runtime cannot use the configured accelerator; the text names the remedy."""


class ModelBroken(ArtifactError):
    """A file of an installed artifact is missing, damaged or of another model."""


def reason_of(error: Exception) -> str:
    """Return why a file could not be read, without its path on this machine."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error) or type(error).__name__
