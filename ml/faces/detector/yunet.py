"""YuNet, a face detector, run by OpenCV.

Wu, Peng, Yu: YuNet: a tiny millisecond-level face detector, Machine Intelligence Research 20, 2023.
The file is OpenCV Zoo's `face_detection_yunet_2023mar.onnx` (MIT).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from ml.errors import ModelBroken
from ml.faces.types import DetectedFace

CHECK_SIDE_PX, CHECK_GREY = 64, 127


class YuNet:
    """Detects faces in small pictures; threads share it.

    OpenCV's detector keeps state, so each call borrows one. The pool grows to the largest number of
    concurrent calls.
    """

    def __init__(
        self, content: bytes, file: str, least_score: float, overlap: float, most: int
    ) -> None:
        """Load the network.

        Args:
            content: content of the ONNX file.
            file: name of the file, for error messages.
            least_score: smallest score of a candidate, 0 to 1.
            overlap: intersection over union above which the worse of two candidates is dropped.
            most: largest number of candidates that are compared for overlap.

        Raises:
            ModelBroken: if OpenCV cannot run the network, or if it finds a face in a plain picture.
        """
        # OpenCV 5 warns at each load that its new engine chooses no device.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._content = np.frombuffer(content, np.uint8)
        self._settings = (least_score, overlap, most)
        self._free: list[cv2.FaceDetectorYN] = []
        self._check(file)

    def __call__(self, rgb: np.ndarray) -> list[DetectedFace]:
        """Detect faces in (height, width, 3) uint8, with the coarse landmarks of YuNet."""
        with self._borrowed() as detector:
            detector.setInputSize((rgb.shape[1], rgb.shape[0]))
            _, rows = detector.detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        return [] if rows is None else [_face(row) for row in rows]

    def _check(self, file: str) -> None:
        """Run the network once; NaN weights would find a face everywhere."""
        try:
            faces = self(np.full((CHECK_SIDE_PX, CHECK_SIDE_PX, 3), CHECK_GREY, np.uint8))
        except cv2.error as error:
            raise ModelBroken(f"{file} is not a YuNet network that OpenCV can run") from error
        if faces:
            raise ModelBroken(f"{file} finds a face in a plain grey picture")

    @contextmanager
    def _borrowed(self) -> Iterator[cv2.FaceDetectorYN]:
        try:
            detector = self._free.pop()
        except IndexError:
            detector = self._new()
        try:
            yield detector
        finally:
            self._free.append(detector)

    def _new(self) -> cv2.FaceDetectorYN:
        nothing = np.empty(0, np.uint8)
        return cv2.FaceDetectorYN.create("onnx", self._content, nothing, (1, 1), *self._settings)


def _face(row: np.ndarray) -> DetectedFace:
    """Read a row of OpenCV: x, y, width, height, five points, score."""
    x, y, width, height = (float(value) for value in row[:4])
    return DetectedFace((x, y, width, height), row[4:14].reshape(5, 2), float(row[14]))
