"""`python -m hagane.fronts.cli`, and the `hagane` script."""

from __future__ import annotations

import signal
import sys

INTERRUPTED = 130
"""128 + SIGINT."""


def main() -> None:
    """Run the command line on this process's arguments and exit with its code."""
    try:
        from hagane.fronts.cli.run import run  # it takes a moment, in which Ctrl-C is heard, too
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    code = run(sys.argv[1:])
    # What was asked is done or refused: a notice that comes while the interpreter takes itself down changes nothing.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    main()
