"""What was planted, counted: the content of truth.json.

`stages/simulate` writes it; tests compare what the pipeline finds with it. Row numbers count from 1, the
first row of answers in an export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.demonstration import items, trouble, truth
from pipeline.demonstration.items import Form
from pipeline.demonstration.trouble import PLAN, Planted, Sheet

ROUTES = {
    "between": (
        "leader_support -> coworker_support -> alliance -> belonging -> functioning",
        "leader_support -> coworker_support -> alliance -> functioning",
        "leader_support -> alliance -> belonging -> functioning",
        "leader_support -> alliance -> functioning",
        "alliance -> belonging -> functioning",
    ),
    "within": ("alliance -> belonging -> functioning",),
}


def truth_record(seed: int, forms: Sequence[Form], planted: Planted) -> dict[str, Any]:
    """The generating model, what it implies, and every planted trouble with its rows."""
    return {
        "synthetic": True,
        "note": "Made by a seeded program; no person answered. The numbers: pipeline/demonstration/truth.py",
        "seed": seed,
        "design_before_losses": {
            "teams": truth.TEAMS,
            "staff_per_team": truth.STAFF_PER_TEAM,
            "clients_per_staff": truth.CLIENTS_PER_STAFF,
        },
        "model": _model(),
        "measurement": items.measurement(forms),
        "exports": {
            "staff": _staff(planted.staff),
            "clients": _clients(planted.staff, planted.clients),
            "teams": {name: int(planted.roster[name].sum()) for name in ("staff_invited", "clients_invited")},
        },
    }


def _model() -> dict[str, Any]:
    mean, deviation = truth.complexity_scale()
    return {
        "shares": {
            name: {stratum: shares.of(stratum) for stratum in truth.STRATA}
            for name, shares in truth.SHARES.items()
        },
        "paths": [_rounded(row) for row in truth.implied_paths().to_dict("records")],
        "residual_variances": {
            name: {stratum: round(truth.residual(name, stratum), 6) for stratum in truth.STRATA}
            for name in truth.SHARES
        },
        "moderation": {
            "outcome": "functioning",
            "predictor": "belonging",
            "moderator": "complexity",
            "level": "within",
            "planted": truth.MODERATION,
            "latent": round(truth.moderation(), 6),
        },
        "complexity": {"mean": round(mean, 6), "sd": round(deviation, 6), "shares": dict(truth.COMPLEXITY)},
        "effects": [
            {"route": route, "level": level, **_rounded(truth.implied_effect(route, level))}
            for level, routes in ROUTES.items()
            for route in routes
        ],
    }


def _staff(sheet: Sheet) -> dict[str, Any]:
    rows = sheet.rows
    surveyed = _surveyed(rows)
    sizes = surveyed.groupby("team")["id"].nunique()
    return {
        "rows": len(rows),
        "people": int(surveyed["id"].nunique()),
        **_kinds(rows),
        "teams": int(surveyed["team"].nunique()),
        "team_sizes": {str(size): int(count) for size, count in sizes.value_counts().sort_index().items()},
        "teams_with_one_staff_member": sorted(sizes.index[sizes == 1]),
        "team_codes_typed": {
            team: rows.loc[rows["team"] == team, "team_typed"].value_counts().sort_index().to_dict()
            for team in PLAN.typed
        },
        "item_missing": _missing(sheet),
        "longest_honest_run": _longest_run(sheet),
    }


def _clients(staff: Sheet, sheet: Sheet) -> dict[str, Any]:
    rows = sheet.rows
    people = _surveyed(rows).drop_duplicates("id")
    blank = people["staff_typed"] == ""
    nobody = ~blank & ~people["staff"].isin(_surveyed(staff.rows)["id"])
    sizes = people[~blank & ~nobody].groupby("staff")["id"].size()
    return {
        "rows": len(rows),
        "people": len(people),
        **_kinds(rows),
        "unlinked": {
            "blank_staff_code": int(blank.sum()),
            "staff_not_surveyed": int(nobody.sum()),
            "share": round(float((blank | nobody).mean()), 4),
        },
        "clients_per_staff": {
            str(size): int(count) for size, count in sizes.value_counts().sort_index().items()
        },
        "already_reversed": ".".join(PLAN.turned),
        "item_missing": _missing(sheet),
        "complexity_missing": int((rows["complexity_rating"] < 0).sum()),
        "longest_honest_run": _longest_run(sheet),
    }


def _surveyed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of people who agreed to answer."""
    return rows[~rows["kind"].isin([trouble.REFUSED, trouble.PREVIEW, trouble.TEST])]


def _kinds(rows: pd.DataFrame) -> dict[str, Any]:
    return {
        kind: {"n": len(found), "rows": [int(row) + 1 for row in found]}
        for kind in (
            trouble.PREVIEW,
            trouble.TEST,
            trouble.REFUSED,
            trouble.DUPLICATE,
            trouble.ABANDONED,
            trouble.STRAIGHT,
            trouble.SPEEDING,
        )
        if len(found := np.flatnonzero((rows["kind"] == kind).to_numpy()))
    }


def _missing(sheet: Sheet) -> dict[str, Any]:
    """Gaps in the answers of people who finished, and all user-missing codes of the file."""
    answers = sheet.rows[list(sheet.answers)]
    finished = answers[sheet.rows["kind"].isin([trouble.HONEST, trouble.STRAIGHT, trouble.SPEEDING])]
    gaps = finished.isna() | (finished < 0)
    codes = answers.to_numpy()
    return {
        "share": round(float(gaps.to_numpy().mean()), 4),
        "codes": {
            str(code): int((codes == code).sum())
            for code in (trouble.REFUSED_CODE, trouble.UNKNOWN_CODE)
            if (codes == code).any()
        },
    }


def _longest_run(sheet: Sheet) -> int:
    """The longest run of one answer among honest rows: what a rule must not mistake."""
    honest = sheet.rows.loc[sheet.rows["kind"] == trouble.HONEST, list(sheet.answers)].to_numpy()
    run, longest = np.ones(len(honest), dtype=np.int64), 1
    for before, after in zip(honest.T, honest.T[1:], strict=False):
        run = np.where(after == before, run + 1, 1)
        longest = max(longest, int(run.max(initial=1)))
    return longest


def _rounded(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): round(value, 6) if isinstance(value, float) else value for key, value in row.items()}
