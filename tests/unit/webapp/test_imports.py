from __future__ import annotations

import subprocess
import sys


def test_importing_the_app_does_not_import_tensorflow() -> None:
    code = "import sys, wsgi; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
