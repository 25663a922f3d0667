"""The engine: one picture in, one face with its embedding out.

Detector and model run by ONNX Runtime. Threads share an engine; each face is computed on one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import cv2
import numpy as np

from ml.artifacts import Artifact, ModelDescription, describe
from ml.calibration.calibration import Calibration
from ml.calibration.file import load_calibration
from ml.embedder import Embedder
from ml.errors import (
    FaceError,
    FaceTooSmall,
    NoFace,
    TooBlurred,
    TooBright,
    TooDark,
    TwoFaces,
)
from ml.faces.decode import LIVE_LIMITS, limits_for
from ml.faces.detector.detect import Detector
from ml.faces.inspection import decoded, inspect
from ml.faces.picture import crop_picture
from ml.faces.quality import assess
from ml.faces.select import main_face, rivals
from ml.faces.types import FaceDetector, Inspection, Quality
from ml.liveness import Challenge, Observation, Progress, Verdict, judge
from ml.liveness.observer import Observer
from ml.liveness.verdict import ONE_HEAD_FAR
from ml.results import Comparison, Face

Purpose = Literal["enrol", "verify", "embed again"]

# One pass through the network is enough for a turned face that is so like the one that looked
# straight ahead that so few strangers would be; else its mirror image is asked, too, as everywhere.
BEYOND_DOUBT_FAR = 0.001

# Complaints about quality that make a face unusable; the others only advise.
REFUSALS: dict[str, type[FaceError]] = {
    "too_small": FaceTooSmall,
    "blurred": TooBlurred,
    "too_dark": TooDark,
    "too_bright": TooBright,
}


class Engine:
    """One model, loaded: detection, alignment, quality, embedding, comparison."""

    def __init__(self, artifact: Artifact) -> None:
        cv2.setNumThreads(1)  # as many faces as cores are computed side by side
        self.artifact = artifact
        self.name = artifact.config.name
        self.model_id = artifact.model_id
        self.embedding_size = artifact.config.network.embedding_size
        self.preprocessing = artifact.config.preprocessing
        self.detector: FaceDetector = Detector()
        self.embedder = Embedder(artifact)
        self.observer = Observer(self.detector, self._embed_face)

    @property
    def description(self) -> ModelDescription:
        """Name, terms and figures of the model."""
        return describe(self.artifact)

    @cached_property
    def calibration(self) -> Calibration:
        """What this model's similarities mean.

        Raises:
            ModelBroken: if the calibration is missing or belongs to another model.
        """
        return load_calibration(self.artifact.folder, self.model_id)

    def warm_up(self) -> None:
        """Run every network once, so that the first request is as fast as the next."""
        size, channels = self.preprocessing.image_size, self.preprocessing.channels
        self.embed(np.zeros((1, size, size, channels), np.uint8))
        self.detector.detect(np.zeros((size, size, 3), np.uint8))

    def inspect(self, data: bytes, *, thorough: bool = False, live: bool = False) -> Inspection:
        """Detect the faces in a picture and measure the main one, without embedding it.

        Args:
            data: the bytes of a picture file.
            thorough: whether to look again, more closely, where no face was found at first.
            live: whether somebody is in front of the camera, and can be asked for more.

        Raises:
            FaceError: if the bytes are no usable picture; no face is no error here.
        """
        return inspect(data, self.detector, thorough=thorough, live=live)

    def analyse(self, data: bytes, *, purpose: Purpose, together: int = 1) -> Face:
        """Find, judge, align and embed the main face of a picture.

        Args:
            data: the bytes of a picture file.
            purpose: "enrol" refuses a second face of comparable size; "verify" takes the largest,
                most central face and adds the complaint "several_faces"; "embed again" takes that
                face, too, and does not judge it, for a picture that was accepted before.
            together: how many pictures are analysed in one request; they share a bound of pixels.

        Raises:
            FaceError: if the picture or the face cannot be used; the type says why.
        """
        image = decoded(data, limits_for(together))
        height, width = image.rgb.shape[:2]
        faces = self.detector.detect(image.rgb, thorough=True)
        main = main_face(faces, width, height)
        if main is None:
            raise NoFace
        beside = len(rivals(faces, main))
        if purpose == "enrol" and beside:
            raise TwoFaces(faces=len(faces))
        quality = assess(image.rgb, main).scaled(image.scale[0])
        if purpose != "embed again":
            quality = quality.with_rivals(beside)
            _refuse_unusable(quality)
        chip = self.preprocessing.apply(image.rgb, main.landmarks)
        picture = crop_picture(image.rgb, main)
        return Face(main.scaled(*image.scale), quality, chip, self.embed(chip[None])[0], picture)

    def observe(
        self, data: bytes, at: float, challenge: Challenge, before: Sequence[Observation] = ()
    ) -> tuple[Observation, Progress]:
        """Observe one frame of a challenge; some six of them cost as much as one `analyse`.

        Args:
            data: the bytes of a picture file; 400 to 640 pixels wide are enough.
            at: seconds on the server's clock since the challenge began.
            challenge: what is asked; it decides which frames are embedded.
            before: the observations of this attempt so far.

        Returns:
            What was seen, and how far the attempt has come with it.

        Raises:
            FaceError: if the bytes are no usable picture, or no face is in it.
        """
        return self.observer.observe(decoded(data, LIVE_LIMITS).rgb, at, challenge, before)

    def judge(self, challenge: Challenge, observations: Sequence[Observation]) -> Verdict:
        """Judge an attempt; whether its frames show one person is told by this model's similarity.

        Args:
            challenge: what was asked.
            observations: all frames, in order.

        Raises:
            ModelBroken: as `calibration`.
        """
        return judge(challenge, observations, self._one_head)

    def embed(self, chips: np.ndarray) -> np.ndarray:
        """Embed chips, uint8 (n, size, size, channels), to float32 (n, d) of unit length."""
        return self.embedder(chips)

    def compare(self, a: Face, b: Face) -> Comparison:
        """Compare two faces by the model's default threshold."""
        similarity = float(a.embedding @ b.embedding)
        threshold = self.calibration.default_threshold
        return Comparison(
            similarity, self.calibration.score(similarity), threshold, similarity >= threshold
        )

    @cached_property
    def _one_head(self) -> float:
        """Similarity from which on the frames of a challenge show one person."""
        return self.calibration.threshold_at_far(ONE_HEAD_FAR)

    @cached_property
    def _beyond_doubt(self) -> float:
        return self.calibration.threshold_at_far(BEYOND_DOUBT_FAR)

    def _embed_face(
        self, rgb: np.ndarray, landmarks: np.ndarray, front: np.ndarray | None
    ) -> np.ndarray:
        chip = self.preprocessing.apply(rgb, landmarks)[None]
        if front is None:
            return self.embed(chip)[0]
        embed_once = self.embedder.one_pass(chip)[0]
        return embed_once if embed_once @ front >= self._beyond_doubt else self.embed(chip)[0]


def _refuse_unusable(quality: Quality) -> None:
    for reason in quality.reasons:
        if reason in REFUSALS:
            raise REFUSALS[reason](face_px=round(quality.face_px))
