"""`python -m engine`: the command line, and the processes it starts."""

import sys

from engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
