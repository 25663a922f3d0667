"""Worker in `.venv-peers`, without this project: times face_recognition on files named on stdin.

Each input line is a path; each output line is a JSON object with milliseconds.
"""

import json
import sys
import time

import face_recognition


def analyse(path: str) -> dict[str, float]:
    """Detect, align and embed the faces of a picture file, as users of the package do."""
    picture = face_recognition.load_image_file(path)
    start = time.perf_counter()
    boxes = face_recognition.face_locations(picture, model="hog")
    found = time.perf_counter()
    face_recognition.face_encodings(picture, boxes, model="small")
    end = time.perf_counter()
    return {
        "detect_ms": 1000 * (found - start),
        "align_embed_ms": 1000 * (end - found),
        "detect_align_embed_ms": 1000 * (end - start),
        "faces": len(boxes),
    }


for line in sys.stdin:
    print(json.dumps(analyse(line.strip())), flush=True)
