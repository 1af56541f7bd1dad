"""``python -m fastgrid``."""

import sys

from fastgrid.cli import main

if __name__ == "__main__":
    sys.exit(main())
