"""`rank_here`: which machine of a job this one is, as whatever started the launcher here says."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hagane.jobs.launch_options import LaunchOptions

RANK_VARIABLES = ("NODE_RANK", "SLURM_NODEID")
"""Environment variables that hold it: PyTorch's convention, Slurm's."""


def rank_here(options: LaunchOptions, environment: Mapping[str, str]) -> LaunchOptions:
    """The options with the machine's rank, of a job on several machines for which none is given.

    >>> rank_here(LaunchOptions(nodes=("a", "b")), {"NODE_RANK": "1"}).node_rank
    1
    """
    if options.node_rank is not None or len(options.nodes) < 2:
        return options
    told = next((environment[name] for name in RANK_VARIABLES if environment.get(name, "").isdecimal()), None)
    return options if told is None else msgspec.structs.replace(options, node_rank=int(told))
