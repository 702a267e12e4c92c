"""`Declaration`: a job whose replicas all run one program, as the command line and Python declare it."""

from __future__ import annotations

import msgspec

from hagane.jobs.job import Primary


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """How many replicas there are beside the primary one, and what surrounds the program."""

    workers: int = 0
    parameter_servers: int = 0
    evaluators: int = 0
    primary: Primary = "chief"
    """What TF_CONFIG calls the primary replica: `master` as TensorFlow 1, `chief` as 2."""
    name: str | None = None
    """What the job is called; None: as its program."""
    package_path: str | None = None
    """The folder of the package that the module is in."""
    job_dir: str = ""
    """Handed to the program as `--job-dir`, and where outputs go."""
    base_output_directory: str = ""
    """Where AIP_MODEL_DIR and its like lie; empty: in `job_dir`, or in the job's own folder."""
    python: str | None = None
    """The interpreter; None: this one."""
    is_executable: bool = False
    """Whether the program is a command of its own."""
    env: dict[str, str] = {}
    """Variables of every replica."""
