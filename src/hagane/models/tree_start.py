"""`begin_trees`: the trees behind which, or beside which, a fit grows more."""

from __future__ import annotations

from hagane.errors import Fault, SpecError
from hagane.models.family import FitContext
from hagane.models.require_same_features import require_same_features
from hagane.models.require_same_shape import require_same_shape
from hagane.models.tree_options import TreeOptions
from hagane.models.tree_parameters import TreeParameters, read_tree_parameters


def begin_trees(context: FitContext, link: str, options: TreeOptions) -> TreeParameters | None:
    """The earlier model's trees; None without a warm start.

    Trees split on columns as they were fitted. Raises SpecError for other features or options, or scores of another
    meaning, BundleError where the trees cannot be read.
    """
    start = context.warm_start
    if start is None:
        return None
    require_same_features(start, context.features, "trees split on columns as they were fitted")
    require_same_shape(start, options)
    learned, linked = read_tree_parameters(start)
    if linked != link:
        what = f"it cannot begin with {start.reference}, which predicts something else"
        raise SpecError(Fault(what=what, where="training.warm_start", expected=linked, received=link))
    return learned
