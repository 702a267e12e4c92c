"""`python -m hagane.fronts.cli`, and the `hagane` script."""

from __future__ import annotations

import signal
import sys

from hagane.fronts.cli.run import run


def main() -> None:
    """Run the command line on this process's arguments and exit with its code."""
    code = run(sys.argv[1:])
    # What was asked is done or refused: a notice that comes while the interpreter takes itself down changes nothing.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    main()
