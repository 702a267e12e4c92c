"""`trial_seed`: the seed with which a trial's values are drawn: of the study's and of the trial's number alone.

So a study that goes on draws what it would have drawn without the break.
"""

from __future__ import annotations

import hashlib


def trial_seed(seed: int, *parts: int) -> int:
    """From 0 to 2**32 - 1.

    >>> trial_seed(0, 3) == trial_seed(0, 3), trial_seed(0, 3) == trial_seed(0, 4)
    (True, False)
    """
    text = ":".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")
