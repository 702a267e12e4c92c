"""`read_signature`: what a bundle takes and answers, without loading its graph."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hagane.bundle.manifest import SIGNATURE_NAME, read_verified
from hagane.bundle.signature import Signature
from hagane.errors import BundleError, Fault


def read_signature(folder: Path) -> Signature:
    """The signature of the bundle in `folder`, its files verified. Raises BundleError.

    >>> read_signature(Path("nowhere"))
    Traceback (most recent call last):
    hagane.errors.BundleError: ...
    """
    content = read_verified(folder, keep=(SIGNATURE_NAME,))[1][SIGNATURE_NAME]
    try:
        return msgspec.json.decode(content, type=Signature)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(Fault(what=f"{SIGNATURE_NAME} cannot be read: {error}", where=str(folder))) from None
