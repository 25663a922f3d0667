"""What gunicorn and the `flask` command serve."""

import sys

from webapp import create_app
from webapp.settings import WrongSetting

BOOT_ERROR = 3  # after this exit status gunicorn starts no further worker

try:
    app = create_app()
except WrongSetting as problem:
    print(f"The app cannot start: {problem}", file=sys.stderr)
    sys.exit(BOOT_ERROR)
