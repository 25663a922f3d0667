"""The browser of the tests: Chromium, wherever it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
MISSING = "Chromium is not installed. Run: .venv/bin/playwright install chromium"


def find(playwright: Playwright) -> Path | None:
    """Find Chromium: the one that CHROMIUM names, the system's, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    on_path = (shutil.which(name) for name in NAMES)
    places = [named] if named else [*on_path, *MACOS, playwright.chromium.executable_path]
    return next((Path(place) for place in places if place and Path(place).exists()), None)


def install() -> None:
    """Install Chromium; print how before. Whether that worked is seen by `find`."""
    if os.access("/", os.W_OK) and shutil.which("apt-get"):
        print("Installing Debian's package chromium with apt-get, about a minute …", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        _run("apt-get", "update", environment=environment)
        _run("apt-get", "install", "-y", "chromium", environment=environment)
        return
    print("Installing Playwright's Chromium in its cache folder, about a minute …", flush=True)
    _run(sys.executable, "-m", "playwright", "install", "chromium")


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=environment, check=False, capture_output=True)
