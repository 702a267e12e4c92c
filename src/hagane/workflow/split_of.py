"""`split_of`: the split that a spec asks for, in words that the data know."""

from __future__ import annotations

import msgspec

from hagane.spec.spec import Spec, Split


def split_of(spec: Spec) -> Split:
    """The split with the column to stratify by in the place of `true`."""
    return msgspec.structs.replace(spec.split, stratify=spec.label) if spec.split.stratify is True else spec.split
