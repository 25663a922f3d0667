"""The WSGI app of gunicorn and of the `flask` command."""

import gc
import sys

# The imports create many objects and hardly any garbage. Collecting would slow them by a tenth.
gc.disable()

from webapp import create_app  # noqa: E402
from webapp.core.setting_types import WrongSetting  # noqa: E402

BOOT_ERROR = 3  # after this exit status gunicorn starts no further worker

try:
    app = create_app()
except WrongSetting as problem:
    print(f"The app cannot start: {problem}", file=sys.stderr)
    sys.exit(BOOT_ERROR)
gc.enable()
