"""A process of a training that several do together: `python -P -m hagane.training.start_worker FOLDER PARENT`.

It ends with `PARENT` from its first moment on: torch takes seconds to load, in which the parent may be killed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hagane.parent_death import ParentDeath

if __name__ == "__main__":
    ParentDeath(int(sys.argv[2]))()
    from hagane.training.worker import main

    main(Path(sys.argv[1]))
