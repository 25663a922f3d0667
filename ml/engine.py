"""The engine: one picture in, one face with its embedding out.

ONNX Runtime runs the detector and the model. Threads share an engine; each face uses one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import cv2
import numpy as np

from ml.arrays import Chips, Embedding, Embeddings, Landmarks, Pixels
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
from ml.runtime.providers import Provider

Purpose = Literal["enrol", "verify", "embed again"]

# Flip augmentation doubles the cost. Skip it for a turned face that already matches the frontal
# face at this FMR.
FLIP_FREE_FAR = 0.001

# Quality complaints that make a face unusable; the others are advice.
REFUSALS: dict[str, type[FaceError]] = {
    "too_small": FaceTooSmall,
    "blurred": TooBlurred,
    "too_dark": TooDark,
    "too_bright": TooBright,
}


class Engine:
    """One loaded model: detection, alignment, quality, embedding, comparison."""

    def __init__(self, artifact: Artifact, provider: Provider = "cpu") -> None:
        cv2.setNumThreads(1)  # faces run in parallel, one a core
        self.artifact = artifact
        self.name = artifact.config.name
        self.model_id = artifact.model_id
        self.embedding_size = artifact.config.network.embedding_size
        self.preprocessing = artifact.config.preprocessing
        self.detector: FaceDetector = Detector()
        self.embedder = Embedder(artifact, provider)
        self.observer = Observer(self.detector, self._embed_face)

    @property
    def description(self) -> ModelDescription:
        """Name, licence terms and measured figures of the model."""
        return describe(self.artifact)

    @cached_property
    def calibration(self) -> Calibration:
        """Error rates, thresholds and score map of this model.

        Raises:
            ModelBroken: if the calibration is missing or belongs to another model.
        """
        return load_calibration(self.artifact.folder, self.model_id)

    def warm_up(self) -> None:
        """Run every network once, so that the first request is not slower than the next."""
        size, channels = self.preprocessing.image_size, self.preprocessing.channels
        self.embed(np.zeros((1, size, size, channels), np.uint8))
        self.detector.detect(np.zeros((size, size, 3), np.uint8))

    def inspect(self, data: bytes, *, thorough: bool = False, live: bool = False) -> Inspection:
        """Detect the faces in a picture and measure the main one, without embedding it.

        Args:
            data: content of a picture file.
            thorough: repeat the detection at a finer scale when the first pass finds no face.
            live: apply the stricter quality thresholds for a person at the camera.

        Raises:
            FaceError: if the bytes are not a usable picture. A picture without a face is no error.
        """
        return inspect(data, self.detector, thorough=thorough, live=live)

    def analyse(self, data: bytes, *, purpose: Purpose, together: int = 1) -> Face:
        """Detect, assess, align and embed the main face of a picture.

        Args:
            data: content of a picture file.
            purpose: "enrol" rejects a second face of comparable size. "verify" takes the largest,
                most central face and adds the complaint "several_faces". "embed again" takes the
                same face without quality checks, for a picture that was accepted before.
            together: number of pictures analysed in one request; they share PIXELS_TOGETHER.

        Raises:
            FaceError: if the picture or the face cannot be used; the type is the reason.
        """
        image = decoded(data, limits_for(together))
        height, width = image.rgb.shape[:2]
        faces = self.detector.detect(image.rgb, thorough=True)
        main = main_face(faces, width, height)
        if main is None:
            raise NoFace
        rival_count = len(rivals(faces, main))
        if purpose == "enrol" and rival_count:
            raise TwoFaces(faces=len(faces))
        quality = assess(image.rgb, main).scaled(image.scale[0])
        if purpose != "embed again":
            quality = quality.with_rivals(rival_count)
            _reject_unusable(quality)
        chip = self.preprocessing.apply(image.rgb, main.landmarks)
        picture = crop_picture(image.rgb, main)
        return Face(main.scaled(*image.scale), quality, chip, self.embed(chip[None])[0], picture)

    def observe(
        self, data: bytes, at: float, challenge: Challenge, before: Sequence[Observation] = ()
    ) -> tuple[Observation, Progress]:
        """Observe one frame of a challenge; six frames cost about as much as one `analyse`.

        Args:
            data: content of a picture file; a width of 400 to 640 pixels is enough.
            at: seconds since the challenge began, by the server's clock.
            challenge: the prompts; they decide which frames are embedded.
            before: earlier observations of this attempt, in order.

        Returns:
            The observation, and the progress of the attempt with it.

        Raises:
            FaceError: if the bytes are not a usable picture, or show no face.
        """
        return self.observer.observe(decoded(data, LIVE_LIMITS).rgb, at, challenge, before)

    def judge(self, challenge: Challenge, observations: Sequence[Observation]) -> Verdict:
        """Judge an attempt, with the same-person threshold of this model's calibration.

        Args:
            challenge: the prompts.
            observations: all frames, in order.

        Raises:
            ModelBroken: under the conditions of `calibration`.
        """
        normaliser = self.calibration.normaliser
        return judge(challenge, observations, self._same_person_threshold, normaliser)

    def embed(self, chips: Chips) -> Embeddings:
        """Embed chips, uint8 (n, size, size, channels), as float32 (n, d) of unit length."""
        return self.embedder(chips)

    def compare(self, a: Face, b: Face) -> Comparison:
        """Compare two faces at the model's default threshold."""
        similarity = self._similarity(a.embedding, b.embedding)
        threshold = self.calibration.default_threshold
        return Comparison(
            similarity, self.calibration.score(similarity), threshold, similarity >= threshold
        )

    def _similarity(self, a: Embedding, b: Embedding) -> float:
        """Return the normalised similarity of two embeddings, float32 (d,)."""
        first, second = (self.calibration.normaliser(one[None]) for one in (a, b))
        return float(first.paired(second)[0])

    @cached_property
    def _same_person_threshold(self) -> float:
        """Similarity from which two frames of a challenge show one person."""
        return self.calibration.threshold_at_far(ONE_HEAD_FAR)

    @cached_property
    def _flip_free_threshold(self) -> float:
        return self.calibration.threshold_at_far(FLIP_FREE_FAR)

    def _embed_face(
        self, rgb: Pixels, landmarks: Landmarks, frontal: Embedding | None
    ) -> Embedding:
        chip = self.preprocessing.apply(rgb, landmarks)[None]
        if frontal is not None:
            single: Embedding = self.embedder.embed_once(chip)[0]
            if self._similarity(single, frontal) >= self._flip_free_threshold:
                return single
        embedding: Embedding = self.embed(chip)[0]
        return embedding


def _reject_unusable(quality: Quality) -> None:
    for reason in quality.reasons:
        if reason in REFUSALS:
            raise REFUSALS[reason](face_px=round(quality.face_px))
