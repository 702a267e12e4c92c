"""`python -m hagane.fronts.cli`, and the `hagane` script."""

from __future__ import annotations

import sys

from hagane.fronts.cli.run import run


def main() -> None:
    """Run the command line on this process's arguments and exit with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
