"""Start here: `python run.py` trades, `python run.py --help` says what else it does."""

import sys

from edgelock.ops.command_line import main

if __name__ == "__main__":
    sys.exit(main())
