"""`schema_name`: the dataset that CREATE SCHEMA or DROP SCHEMA names."""

from __future__ import annotations

from sqlglot import exp

from hagane.session.statement_run import StatementRun


def schema_name(tree: exp.Expression, run: StatementRun) -> str:
    """Without its project, of which the user is told."""
    node = tree.find(exp.Table)
    assert node is not None
    parts = [part.name for part in (node.args.get("catalog"), node.args.get("db"), node.args.get("this")) if part]
    *project, name = ".".join(part for part in parts if part).split(".")
    if project and project[-1] != run.state.project:
        run.notices.append(f"the project of {'.'.join(project)}.{name} is left aside: datasets are this workspace's")
    return name
