"""`TreeParameters`: what trees have learned, and the file in which it travels."""

from __future__ import annotations

from typing import Any, NamedTuple

import lightgbm as lgb
import msgspec
import numpy as np
import numpy.typing as npt

from hagane.models.parameter_file import parameter_file, read_parameters
from hagane.models.target_means import TargetMeans
from hagane.models.warm_start import WarmStart

Floats = npt.NDArray[np.float64]


class Mean(NamedTuple):
    """What makes a forest's answer of its trees' sums [outputs]: `level` + sum / `num_trees`."""

    level: Floats
    num_trees: int


class TreeParameters(NamedTuple):
    """All that trees have learned: what more of them can be grown behind."""

    text: str
    """LightGBM's model file."""
    means: tuple[TargetMeans, ...]
    mean: Mean | None = None
    """Of a forest."""

    def booster(self) -> lgb.Booster:
        """The trees as LightGBM's own."""
        return lgb.Booster(model_str=self.text)


class _About(msgspec.Struct):
    link: str
    num_means: int
    num_trees: int | None = None
    """Of a forest."""


def tree_parameters(learned: TreeParameters, link: str) -> dict[str, bytes]:
    """The file that holds them: the trees as LightGBM's text, the means of categories, of a forest its level."""
    arrays: dict[str, npt.NDArray[Any]] = {"trees": np.frombuffer(learned.text.encode("ascii"), np.uint8)}
    for number, means in enumerate(learned.means):
        arrays |= {f"means.{number}.all_rows": means.all_rows, f"means.{number}.without_fold": means.without_fold}
    if learned.mean is not None:
        arrays["level"] = learned.mean.level
    return parameter_file(arrays, _About(link, len(learned.means), learned.mean.num_trees if learned.mean else None))


def read_tree_parameters(start: WarmStart) -> tuple[TreeParameters, str]:
    """What an earlier fit left, and its link. Raises BundleError where it cannot be read."""
    arrays, about = read_parameters(start, _About)
    means = tuple(
        TargetMeans(arrays[f"means.{number}.all_rows"], arrays[f"means.{number}.without_fold"])
        for number in range(about.num_means)
    )
    mean = None if about.num_trees is None else Mean(arrays["level"], about.num_trees)
    return TreeParameters(arrays["trees"].tobytes().decode("ascii"), means, mean), about.link
