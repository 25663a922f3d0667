"""`python -m ml.train` names its new spelling."""

import sys

from ml.__main__ import renamed

if __name__ == "__main__":
    sys.exit(renamed("train", "train"))
