"""`write_aside`: a file that is whole or not there: written beside its place, and renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def write_aside(path: Path, content: bytes | Callable[[Path], object]) -> None:
    """Write `content`, or what it writes to the path given to it, and let it take the place of what is at `path`.

    Raises OSError, and leaves `path` as it was and nothing beside it, where it cannot. A process that is killed
    meanwhile leaves a hidden `.<name>.partial-<its number>`. Not flushed: with its power a machine may lose the file.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.json"
    >>> write_aside(path, b"{}")
    >>> write_aside(path, lambda aside: aside.write_text("[]"))
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('[]', 1)
    """
    aside = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        if isinstance(content, bytes):
            aside.write_bytes(content)
        else:
            content(aside)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
