"""Memory for large pictures, measured in a separate process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PROGRAM = """
import io, re, resource, sys
from pathlib import Path
from threading import Thread
from PIL import Image
from ml.faces.decode import decode

def peak():
    # On Linux, ru_maxrss starts at the size of the parent process; VmHWM does not.
    if Path("/proc/self/status").exists():
        status = Path("/proc/self/status").read_text()
        return int(re.search("VmHWM:[^0-9]*([0-9]+)", status)[1]) // 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000_000

kind, mode, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
picture = io.BytesIO()
Image.new(mode, (50, 50)).save(picture, kind)
decode(picture.getvalue())
with open(sys.argv[4], "rb") as file:
    data = file.read()
before = peak()
workers = [Thread(target=decode, args=(data,)) for _ in range(threads)]
[one.start() for one in workers]
[one.join() for one in workers]
print(peak() - before)
"""


def megabytes_for(tmp_path: Path, kind: str, mode: str, threads: int) -> int:
    """Return by how much a process grows while it decodes 50-megapixel pictures in parallel."""
    file = tmp_path / "large"
    Image.new(mode, (10_000, 5_000)).save(file, kind, compress_level=1, method=0)
    arguments = [sys.executable, "-c", PROGRAM, kind, mode, str(threads), str(file)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_transparency_allocates_no_further_layers(tmp_path: Path) -> None:
    assert megabytes_for(tmp_path, "PNG", "RGBA", threads=1) < 600


def test_large_pictures_side_by_side_take_the_memory_of_one(tmp_path: Path) -> None:
    one = megabytes_for(tmp_path, "WEBP", "RGB", threads=1)

    assert megabytes_for(tmp_path, "WEBP", "RGB", threads=4) < 1.5 * one
