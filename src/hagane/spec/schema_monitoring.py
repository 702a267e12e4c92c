"""`SchemaMonitoring`: how far the form of the traffic may depart from what training saw, declared."""

from __future__ import annotations

import msgspec


class SchemaMonitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of rows or requests, each in [0, 1]; what a sample of the window's size shows by chance comes on top.

    >>> SchemaMonitoring().min_domain_mass
    0.99
    """

    min_domain_mass: float = 0.99
    """Of the values of a STRING column, how many training has to have seen: TensorFlow Data Validation's word."""
    max_missing: float = 0.05
    """How many more rows than in training may have no value in a column."""
    max_out_of_range: float = 0.01
    """How many numbers may lie outside of training's extremes."""
    max_infinite: float = 0.01
    """How many more rows than in training may hold an infinity, or NaN."""
    max_new: float = 0.01
    """How many rows may have fields that the model does not know."""
    max_refused: float = 0.01
    """How many requests may be refused for what they hold."""
    max_row_errors: float = 0.01
    """How many more rows than in the window before may be ones on which an expression errs."""
