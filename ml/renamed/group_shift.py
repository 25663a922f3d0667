"""`python -m ml.group_shift` names its new spelling."""

import sys

from ml.__main__ import renamed

if __name__ == "__main__":
    sys.exit(renamed("group_shift", "fairness"))
