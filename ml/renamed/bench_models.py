"""`python -m ml.bench_models` names its new spelling."""

import sys

from ml.__main__ import renamed

if __name__ == "__main__":
    sys.exit(renamed("bench_models", "bench models"))
