"""The parameter table of a two-level model: one block a level and group, by lavaan's rules.

Rows stand group by group, within before between. Variables at both levels have their intercept between;
those at level 1 only have it within. Nothing is fixed at the sample: exogenous covariates have free
variances, covariances and means (a covariate at both levels has no sample value of its between part).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pipeline.sem.errors import ModelError
from pipeline.sem.syntax import Formula, Model
from pipeline.sem.table import ParameterTable, Row
from pipeline.sem.table.build import Rules, block_rows, check_labels, label_pairs, share_fixed_labels
from pipeline.sem.table.invariance import hold_equal
from pipeline.sem.table.roles import Roles, find_roles
from pipeline.sem.table.rows import unique

WITHIN, BETWEEN = 1, 2
_KNOWN = {"1": WITHIN, "within": WITHIN, "2": BETWEEN, "between": BETWEEN}


@dataclass(frozen=True)
class Level:
    """The observed variables and factors of one level, and the covariates among the former."""

    observed: tuple[str, ...]
    latent: tuple[str, ...]
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeveledTable:
    """The table of all blocks, and which variables stand at which level."""

    whole: ParameterTable
    within: Level
    between: Level

    @property
    def both(self) -> tuple[str, ...]:
        """Variables that are decomposed."""
        return tuple(name for name in self.within.observed if name in self.between.observed)

    @property
    def cluster_only(self) -> tuple[str, ...]:
        """Variables of clusters."""
        return tuple(name for name in self.between.observed if name not in self.within.observed)

    @property
    def joint(self) -> tuple[str, ...]:
        """Order of a cluster's data: its own variables, then the means of its people's."""
        return self.cluster_only + self.within.observed

    @property
    def number_of_moments(self) -> int:
        """Covariances of both levels and one mean a variable, over all groups."""
        w, b = len(self.within.observed), len(self.between.observed)
        return (w * (w + 1) // 2 + b * (b + 1) // 2 + len(self.joint)) * len(self.whole.groups)

    @cached_property
    def blocks(self) -> tuple[ParameterTable, ...]:
        """Each block as a table of its own: group 1 within, group 1 between, group 2 within, ..."""
        out = []
        for group, name in enumerate(self.whole.groups, start=1):
            for number, level in ((WITHIN, self.within), (BETWEEN, self.between)):
                rows = [r for r in self.whole.rows if r.group == group and r.level == number]
                own = tuple(row._replace(group=1) for row in rows)
                out.append(ParameterTable(own, level.observed, level.latent, (), (name,), meanstructure=True))
        return tuple(out)

    def with_rows(self, rows: Sequence[Row], keep_constraints: bool = False) -> LeveledTable:
        """Return a table of the same variables with other rows."""
        plain = ParameterTable(
            tuple(rows), self.whole.observed, self.whole.latent, (), self.whole.groups, meanstructure=True,
            equal=label_pairs(list(rows)),
        )  # fmt: skip
        if keep_constraints:
            plain = replace(plain, constraints=self.whole.constraints, definitions=self.whole.definitions)
        return replace(self, whole=plain)


def levels_of(model: Model) -> tuple[tuple[Formula, ...], tuple[Formula, ...]]:
    """Return the formulas of the within and of the between level."""
    numbers = _level_numbers(model)
    out: tuple[list[Formula], list[Formula]] = ([], [])
    for formula in model.formulas:
        if formula.block is None:
            raise ModelError(
                f"line {formula.line}: this formula stands before the first 'level:' line; "
                "move it below 'level: 1' or 'level: 2'"
            )
        out[numbers[formula.block] - 1].append(formula)
    for formulas, number in zip(out, (WITHIN, BETWEEN), strict=True):
        if not formulas:
            raise ModelError(
                f"the model says nothing at level {number}; a two-level model needs 'level: 1' and "
                "'level: 2' with at least one line each, as 'y ~~ y'"
            )
    return tuple(out[0]), tuple(out[1])


def build_leveled_table(model: Model, groups: Sequence[str], rules: Rules) -> LeveledTable:
    """Return the parameter table of a two-level model."""
    formulas = levels_of(model)
    rules = replace(rules, meanstructure=True, fixed_x=False)
    roles = tuple(find_roles(own) for own in formulas)
    _check_names(roles[0], roles[1])
    rows: list[Row] = []
    for group in range(1, len(groups) + 1):
        for number, own, role in zip((WITHIN, BETWEEN), formulas, roles, strict=True):
            block = block_rows(own, role, group, len(groups), rules)
            rows += [_placed(row, number, roles[1]) for row in block]
    rows = share_fixed_labels(rows)
    levels = [Level(role.observed, role.latent, role.exogenous_observed) for role in roles]
    table = ParameterTable(
        tuple(rows), unique((*roles[0].observed, *roles[1].observed)),
        unique((*roles[0].latent, *roles[1].latent)), (), tuple(groups), True, model.definitions,
        model.constraints, label_pairs(rows),
    )  # fmt: skip
    check_labels(table)
    whole = hold_equal(table, rules.group_equal, rules.group_partial, rules.std_lv)
    return LeveledTable(whole, *levels)


def _level_numbers(model: Model) -> dict[int, int]:
    """Return the level of every block: by number or name, other names by order of appearance."""
    if any(block.kind != "level" for block in model.blocks):
        raise ModelError("'group:' blocks are not estimated; use group= and c(a, b)* modifiers")
    names = unique(block.value.lower() for block in model.blocks)
    known = all(name in _KNOWN for name in names)
    if len(names) > 2 or (known and len({_KNOWN[name] for name in names}) != len(names)):
        raise ModelError(
            f"the model has the levels {', '.join(names)}; two are estimated, 'level: 1' (within clusters) "
            "and 'level: 2' (between clusters)"
        )
    by_order = {name: at + 1 for at, name in enumerate(names)}
    return {at: (_KNOWN if known else by_order)[b.value.lower()] for at, b in enumerate(model.blocks)}


def _check_names(within: Roles, between: Roles) -> None:
    clash = [n for n in within.latent if n in between.observed] + [
        n for n in between.latent if n in within.observed
    ]
    if clash:
        raise ModelError(f"'{clash[0]}' is a factor at one level and a variable of the data at the other")


def _placed(row: Row, level: int, between: Roles) -> Row:
    """Set the level; means of what is decomposed belong to the between level, of factors too."""
    row = row._replace(level=level)
    if level == BETWEEN or row.op != "~1":
        return row
    if row.lhs in between.observed:
        if row.user and row.fixed != 0.0:
            raise ModelError(
                f"'{row.lhs} ~ 1' at level 1: the mean of a variable at both levels belongs to level 2"
            )
        return row._replace(fixed=0.0, user=True)
    return row if row.free else row._replace(user=True)
