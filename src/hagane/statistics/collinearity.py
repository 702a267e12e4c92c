"""`measure_collinearity`: groups of columns that say the same thing, and what can be done about each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.data.table import Table
from hagane.progress import SILENT, Progress
from hagane.statistics.collinear_advice import advice_for
from hagane.statistics.correlations import Correlations
from hagane.statistics.dependencies import Dependency, Equation, find_dependencies, find_equations, redundant_column
from hagane.statistics.draw_sample import MAX_CATEGORIES, SampledColumn, TableSample
from hagane.statistics.pls import pls_explained
from hagane.statistics.statistics import Statistics

Floats = npt.NDArray[np.float64]
HIGH_CORRELATION = 0.8
HIGH_VIF, TOLERABLE_VIF = 10.0, 5.0
HIGH_CONDITION, HIGH_PROPORTION = 10.0, 0.5
MAX_COLUMNS = 2_500
KEPT_VARIANCE = 0.95
_ONE_TO_ONE = 0.999


class ColumnCollinearity(msgspec.Struct, frozen=True, kw_only=True):
    """How well a column follows from all the other numbers."""

    column: str
    vif: float | None
    """Variance inflation factor, 1/(1 - R²) of the column regressed on the others, 1 or more; None is infinite."""


class NearDependency(msgspec.Struct, frozen=True, kw_only=True):
    """A combination of columns that hardly varies."""

    condition_index: float
    """√(largest eigenvalue / this one) of the correlation matrix."""
    columns: tuple[str, ...]
    """Those of whose coefficient variance this one makes half or more."""
    proportions: tuple[float, ...]
    """That share, of each column."""


class CollinearGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Columns that largely say the same."""

    columns: tuple[str, ...]
    max_correlation: float
    """The largest absolute correlation within the group."""
    max_vif: float | None
    """The largest variance inflation factor within the whole table; None is infinite."""
    condition_index: float | None
    """√(largest / least eigenvalue) of the group's own correlations; None is infinite."""
    num_components: int
    """Principal components that hold 95 % of the variance of the standardised columns."""
    keep: tuple[str, ...]
    drop: tuple[str, ...]
    """Without these every variance inflation factor within the group is 5 or less."""
    num_pls_components: int | None = None
    """PLS components that explain 95 % of what all explain of the label, linearly; None without a label."""
    r2_of_label: float | None = None
    """What the whole group explains of the label, linearly."""
    r2_of_label_kept: float | None = None
    """What those in `keep` explain of it."""
    advice: tuple[str, ...]


class Collinearity(msgspec.Struct, frozen=True, kw_only=True):
    """What the numbers among the columns say twice."""

    groups: tuple[CollinearGroup, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    columns: tuple[ColumnCollinearity, ...] = ()
    near_dependencies: tuple[NearDependency, ...] = ()
    num_rows: int = 0
    """Sampled rows in which all the columns have a value: what everything but the equations is measured on."""
    left_out: tuple[str, ...] = ()
    """Numbers that are missing too often to be looked at with the rest."""


def measure_collinearity(
    table: Table,
    sample: TableSample,
    statistics: Statistics,
    correlations: Correlations,
    *,
    label: str | None = None,
    progress: Progress = SILENT,
) -> Collinearity:
    """Exact equations, variance inflation factors, condition indices and groups of the table's numbers but the label.

    Measured on the sampled rows in which no number is missing (columns that would leave less than half of the rows are
    left out), standardised and with the intercept left out; the condition indices and the proportions of coefficient
    variance are those of Belsley, Kuh and Welsch, Regression Diagnostics, 1980. Columns join in a group by a
    correlation of 0.8, by half of their variance on one condition index of 10, by a variance inflation factor of 10, or
    by an equation. Equations are found in the sample and counted out on every row of the table.
    """
    with progress.phase("collinearity", unit="columns") as phase:
        names, matrix, left_out = complete_rows(sample, label)
        equations = find_equations(names, matrix) if len(names) > 1 else ()
        pairs = [pair for pair in _one_to_one_pairs(sample, correlations) if label not in pair]
        dependencies = find_dependencies(table, equations, pairs, sample)
        phase.advance(len(names))
    if len(names) < 2 or len(matrix) <= len(names):
        return Collinearity(dependencies=dependencies, num_rows=len(matrix), left_out=left_out)
    found = _Matrix(names, np.asarray(np.corrcoef(matrix, rowvar=False)), equations, statistics)
    target = _target(sample, label, names)
    return Collinearity(
        groups=tuple(_group(found, members, target, label) for members in found.groups()),
        dependencies=dependencies,
        columns=tuple(ColumnCollinearity(column=name, vif=found.vif[name]) for name in names),
        near_dependencies=tuple(found.near_dependencies()),
        num_rows=len(matrix),
        left_out=left_out,
    )


def complete_rows(sample: TableSample, label: str | None) -> tuple[tuple[str, ...], Floats, tuple[str, ...]]:
    """Names, rows without a missing value [n, d], and the columns left out because they are missing too often."""
    columns = [column for column in sample.of_role("number") if column.name != label][:MAX_COLUMNS]
    columns = [column for column in columns if _varies(column.values)]
    if not columns:
        return (), np.zeros((0, 0)), ()
    missing = np.column_stack([np.isnan(column.values) for column in columns])
    order = sorted(range(len(columns)), key=lambda index: (missing[:, index].sum(), index))
    kept, complete = [], np.ones(sample.num_rows, bool)
    for index in order:
        without = complete & ~missing[:, index]
        if 2 * without.sum() >= sample.num_rows:
            kept.append(index)
            complete = without
    matrix = np.column_stack([columns[index].values[complete] for index in sorted(kept)]) if kept else np.zeros((0, 0))
    varying = [place for place in range(len(kept)) if _varies(matrix[:, place])]
    names = tuple(columns[index].name for index in sorted(kept))
    left_out = tuple(column.name for index, column in enumerate(columns) if index not in set(kept))
    return tuple(names[place] for place in varying), matrix[:, varying], left_out


def _varies(values: Floats) -> bool:
    present = values[~np.isnan(values)]
    return len(present) > 1 and bool(np.std(present) > 1e-13 * np.abs(present).max())


class _Matrix:
    """The correlations of columns, and what follows from them."""

    def __init__(
        self, names: Sequence[str], correlations: Floats, equations: Sequence[Equation], statistics: Statistics
    ) -> None:
        self.names, self.correlations, self.equations, self.statistics = names, correlations, equations, statistics
        self.place = {name: index for index, name in enumerate(names)}
        self.independent = [
            self.place[name] for name in names if name not in {equation.dependent for equation in equations}
        ]
        inner = correlations[np.ix_(self.independent, self.independent)]
        self.inverse = np.linalg.inv(inner)
        values, self.vectors = np.linalg.eigh(inner)
        self.values = np.maximum(values, 1e-15)
        exact = {name for equation in equations for name in equation.weights}
        inflation = dict(zip(self.independent, np.diag(self.inverse), strict=True))
        self.vif: dict[str, float | None] = {
            name: None if name in exact else max(1.0, float(inflation[self.place[name]])) for name in names
        }

    def near_dependencies(self) -> Iterator[NearDependency]:
        """The worst first."""
        proportions = self.vectors**2 / self.values / np.diag(self.inverse)[:, None]
        for index, value in enumerate(self.values):
            condition = float(np.sqrt(self.values[-1] / value))
            places = np.flatnonzero(proportions[:, index] >= HIGH_PROPORTION)
            if condition >= HIGH_CONDITION and len(places) > 1:
                yield NearDependency(
                    condition_index=condition,
                    columns=tuple(self.names[self.independent[place]] for place in places),
                    proportions=tuple(float(proportions[place, index]) for place in places),
                )

    def groups(self) -> list[list[int]]:
        """Columns that are tied together, the largest group first."""
        root = list(range(len(self.names)))

        def find(index: int) -> int:
            while root[index] != index:
                root[index] = index = root[root[index]]
            return index

        for first, second in self._ties():
            root[find(second)] = find(first)
        members: dict[int, list[int]] = {}
        for index in range(len(self.names)):
            members.setdefault(find(index), []).append(index)
        return sorted((each for each in members.values() if len(each) > 1), key=lambda each: (-len(each), each))

    def _ties(self) -> Iterator[tuple[int, int]]:
        yield from (map(int, pair) for pair in np.argwhere(np.triu(np.abs(self.correlations) >= HIGH_CORRELATION, 1)))  # type: ignore[misc]
        tied = [each.columns for each in self.near_dependencies()] + [tuple(each.weights) for each in self.equations]
        for names in tied:
            yield from ((self.place[names[0]], self.place[name]) for name in names[1:])
        for row, place in enumerate(self.independent):
            weights = np.abs(self.inverse[row]) / self.inverse[row, row]
            weights[row] = 0.0
            if self.inverse[row, row] >= HIGH_VIF:
                others = np.flatnonzero(weights >= weights.max() / 2)
                yield from ((place, self.independent[int(other)]) for other in others)


def _group(found: _Matrix, members: list[int], target: Floats | None, label: str | None) -> CollinearGroup:
    names = [found.names[index] for index in members]
    inner = found.correlations[np.ix_(members, members)]
    values = np.maximum(np.linalg.eigvalsh(inner)[::-1], 0.0)
    is_exact = any(set(equation.weights) <= set(names) for equation in found.equations)
    relation = None if target is None else target[members]
    drop = _to_drop(found, names, inner, relation)
    factors = [found.vif[name] for name in names]
    explained = None if relation is None else pls_explained(inner, relation)
    group = CollinearGroup(
        columns=tuple(names),
        max_correlation=float(np.abs(inner - np.eye(len(inner))).max()),
        max_vif=None if None in factors else max(factor for factor in factors if factor is not None),
        condition_index=None if is_exact else float(np.sqrt(values[0] / max(values[-1], 1e-15))),
        num_components=int(np.searchsorted(np.cumsum(values) / values.sum(), KEPT_VARIANCE) + 1),
        keep=tuple(name for name in names if name not in drop),
        drop=tuple(drop),
        num_pls_components=None if explained is None else _enough(explained),
        r2_of_label=None if explained is None else float(explained[-1]),
        r2_of_label_kept=None if relation is None else _explained(inner, relation, [n not in drop for n in names]),
        advice=(),
    )
    return msgspec.structs.replace(group, advice=advice_for(group, label))


def _to_drop(found: _Matrix, names: Sequence[str], inner: Floats, relation: Floats | None) -> list[str]:
    """First what follows exactly; then, while an inflation factor is above 5, the column of the highest.

    Of nearly equal factors the column that goes is the one less related to the label, then the more often missing,
    then the later.
    """
    place = {name: index for index, name in enumerate(names)}
    equations = [each for each in found.equations if set(each.weights) <= set(names)]
    drop = _redundant(equations)
    while len(names) - len(drop) > 1:
        left = [name for name in names if name not in drop]
        places = [place[name] for name in left]
        factors = np.diag(np.linalg.pinv(inner[np.ix_(places, places)], hermitian=True))
        if factors.max() <= TOLERABLE_VIF:
            break
        worst = [name for name, factor in zip(left, factors, strict=True) if factor >= 0.9 * factors.max()]
        drop.append(
            min(
                worst,
                key=lambda name: (
                    0.0 if relation is None else round(abs(float(relation[place[name]])), 3),
                    -found.statistics[name].num_nulls,
                    -place[name],
                ),
            )
        )
    return drop


def _redundant(equations: Sequence[Equation]) -> list[str]:
    """A column of each equation, no column twice: one equation less for each column gone."""
    drop: list[str] = []
    for equation in equations:
        wanted = redundant_column(equation)
        drop.append(wanted if wanted not in drop else equation.dependent)
    return list(dict.fromkeys(drop))


def _explained(inner: Floats, relation: Floats, kept: Sequence[bool]) -> float:
    """R² of the label on the columns kept."""
    places = np.flatnonzero(kept)
    solved = np.linalg.lstsq(inner[np.ix_(places, places)], relation[places], rcond=1e-10)[0]
    return float(np.clip(relation[places] @ solved, 0.0, 1.0))


def _enough(explained: Floats) -> int:
    """The least number of components that reach 95 % of what all of them explain."""
    return int(np.argmax(explained >= KEPT_VARIANCE * explained[-1]) + 1)


def _target(sample: TableSample, label: str | None, names: Sequence[str]) -> Floats | None:
    """Each column's correlation with the label, [d], as a number (of two categories, as 0 and 1); None without one."""
    if label is None:
        return None
    column = sample[label]
    if column.role == "text" or (column.role == "category" and len(column.categories) != 2):
        return None
    matrix = np.column_stack([sample[name].values for name in names])
    rows = ~np.isnan(column.values) & ~np.isnan(matrix).any(axis=1)
    if rows.sum() <= len(names) or not _varies(column.values[rows]):
        return None
    together: Floats = np.asarray(np.corrcoef(np.column_stack([matrix[rows], column.values[rows]]), rowvar=False))
    return np.nan_to_num(together[-1, :-1])


def _one_to_one_pairs(sample: TableSample, correlations: Correlations) -> list[tuple[str, str]]:
    """Pairs with a category that may be one to one: the sample's values say so, and they repeat."""
    pairs = [(pair.a, pair.b) for pair in correlations.pairs if pair.measure != "pearson" and pair.value >= _ONE_TO_ONE]
    return [pair for pair in pairs if _is_one_to_one(sample[pair[0]], sample[pair[1]])]


def _is_one_to_one(a: SampledColumn, b: SampledColumn) -> bool:
    both = ~np.isnan(a.values) & ~np.isnan(b.values)
    together = np.unique(np.column_stack([a.values[both], b.values[both]]), axis=0)
    if not 2 <= len(together) < MAX_CATEGORIES:
        return False
    return all(len(np.unique(together[:, side])) == len(together) for side in (0, 1))
