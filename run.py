"""Start here: `python run.py` trades, `python run.py --help` says what else it does."""

import sys

if __name__ == "__main__":
    try:
        # Imported in here, because a Ctrl-C may come while the libraries are still being read.
        from edgelock.ops.command_line import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
