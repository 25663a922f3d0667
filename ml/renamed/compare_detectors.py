"""`python -m ml.compare_detectors` names its new spelling."""

import sys

from ml.__main__ import renamed

if __name__ == "__main__":
    sys.exit(renamed("compare_detectors", "bench detectors"))
