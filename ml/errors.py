"""Why a picture or a model cannot be used: one type a reason, each with a stable code.

Raised where the reason is known; the web app turns codes into words in one place.
"""

from __future__ import annotations


class FaceError(Exception):
    """A picture cannot be used: `code` names the reason, `details` carries facts about it."""

    code = "unusable"

    def __init__(self, **details: object) -> None:
        self.details = details
        facts = ", ".join(f"{name}={value}" for name, value in details.items())
        super().__init__(f"{self.code} ({facts})" if facts else self.code)


class NotAnImage(FaceError):
    """The bytes are no picture of a known format."""

    code = "not_an_image"


class TruncatedImage(FaceError):
    """The picture breaks off before its end, or is damaged inside."""

    code = "truncated_image"


class UnsupportedFormat(FaceError):
    """A picture of a format that is not accepted. `format` names it, "HEIC" for one."""

    code = "unsupported_format"


class TooManyBytes(FaceError):
    """The file is larger than is accepted. `limit_bytes` says how large it may be."""

    code = "too_many_bytes"


class TooManyScans(FaceError):
    """A progressive JPEG has more passes than are decoded. `limit` says how many those are."""

    code = "too_many_scans"


class TooManyPixels(FaceError):
    """The picture would be too large once decoded. `limit_pixels` says how large it may be."""

    code = "too_many_pixels"


class TooFewPixels(FaceError):
    """The picture is too small to hold a usable face. `limit_px` is the shortest side accepted."""

    code = "too_few_pixels"


class NoFace(FaceError):
    """No face was found, not even by the thorough pass."""

    code = "no_face"


class TwoFaces(FaceError):
    """A second face of comparable size stands beside the main one. `faces` counts them."""

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
    """The face is too bright, or its lights are burnt out."""

    code = "too_bright"


class ArtifactError(Exception):
    """A model artifact cannot be used; the text says what to do, and no place on this machine."""


class ModelNotFound(ArtifactError):
    """No artifact of that name is installed."""


class ModelBroken(ArtifactError):
    """An artifact is there, but a file of it is missing, damaged or of another model."""


def reason_of(error: Exception) -> str:
    """Return why a file could not be read, without its place on this machine."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error) or type(error).__name__
