"""Studies at the edge of what people do: made exports, instruments and study.yaml of each, from a seed.

`build(root, name)` lays one out below `root`; `STUDIES` names them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
from numpy.random import Generator

REPOSITORY = Path(__file__).resolve().parent.parent
AGREEMENT = ("Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree")

GREEK = "Υποστήριξη της ομάδας και εμπιστοσύνη"
ARABIC = "دعم الفريق والثقة المتبادلة (٢٠٢٤)"
CHINESE = "团队支持与相互信任"
LONG = "Perceived support of the immediate supervisor in the most recent quarter of the residential programme"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"

HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = '=HYPERLINK("http://x.example","click")'
TYPST = '#eval("1+1") $x^2$ #read("/etc/passwd") *b* _i_ <lab> @ref'
JINJA = "{{ 7*7 }}{% raw %}{% include 'x' %}{# gone #}"
WORD = "]]></w:t><w:p/> &amp; \\ [@paths] ^sup^ `code`"
HOSTILE = (HTML, FORMULA, TYPST, JINJA, WORD, "@SUM(A1:A9)", "+1+cmd|' /C calc'!A0", "-2+3", "\t=1+1")


@dataclass(frozen=True)
class Made:
    """What a study consists of: its declaration, the titles and items of its scales, and its exports."""

    declared: Mapping[str, Any]
    exports: Mapping[str, pd.DataFrame]
    titles: Mapping[str, str]
    labels: Sequence[str] = AGREEMENT
    texts: Callable[[str, int], str] = field(default=lambda scale, n: f"Item {n} of {scale}")
    sav: Mapping[str, Any] | None = None


def build(root: Path, name: str) -> Path:
    """Lay out instruments, study and exports of one of `STUDIES` below `root`; return the study's folder."""
    made = STUDIES[name](np.random.default_rng(20261123))
    folder = root / "data" / name
    (folder / "exports").mkdir(parents=True)
    (root / "instruments").mkdir(exist_ok=True)
    for scale, title in made.titles.items():
        _write(root / "instruments" / f"{scale}.yaml", _instrument(made, scale, title))
    _write(folder / "study.yaml", made.declared)
    for export, frame in made.exports.items():
        if made.sav is None:
            frame.to_csv(folder / "exports" / f"{export}.csv", index=False)
        else:
            pyreadstat.write_sav(frame, folder / "exports" / f"{export}.sav", **made.sav)
    shutil.copytree(REPOSITORY / "reports" / "templates", root / "reports" / "templates", dirs_exist_ok=True)
    return folder


def _write(path: Path, declared: Mapping[str, Any]) -> None:
    """JSON is YAML, and escapes whatever a title holds."""
    path.write_text(json.dumps(declared, ensure_ascii=False, indent=1), encoding="utf-8")


def _instrument(made: Made, scale: str, title: str) -> dict[str, Any]:
    items = [
        {"id": f"{scale}_{n}", "number": n, "text": made.texts(title, n), "reverse": n == 3}
        for n in (1, 2, 3)
    ]
    return {
        "id": scale,
        "version": "1.0",
        "language": "en",
        "title": title,
        "construct": title,
        "respondent": "the person",
        "recall": None,
        "source": {"citation": f"Written for a test ({title})"},
        "licence": {
            "name": "CC0-1.0",
            "holder": "none",
            "wording_may_be_shipped": True,
            "may_be_changed": True,
        },
        "response_sets": {"answers": dict(enumerate(made.labels, 1))},
        "items": items,
        "scoring": {"rule": "mean", "minimum_answered": 0.6, "higher_means": title},
    }


def _scale(name: str, export: str = "survey", column: str | None = None) -> dict[str, Any]:
    return {"instrument": name, "export": export, "columns": f"{column or name}_{{n}}"}


def _declared(
    title: str,
    scales: Mapping[str, Mapping[str, Any]],
    path: str,
    hypotheses: Sequence[Mapping[str, Any]],
    **more: Any,
) -> dict[str, Any]:
    """A study of people in teams with one export, where `more` does not say otherwise."""
    return {
        "title": title,
        "ids": "public",
        "levels": {"person": {"within": "team", "plural": "people"}, "team": {}},
        "exports": {"survey": _export("survey")},
        "scales": dict(scales),
        "path": path,
        "hypotheses": list(hypotheses),
        "intervals": {"draws": 2000, "bootstrap": 200},
        "seed": 11,
    } | more


def _export(name: str, **more: Any) -> dict[str, Any]:
    return {
        "file": f"exports/{name}.csv",
        "platform": "csv",
        "level": "person",
        "id": "person",
        "links": {"team": "team"},
    } | more


def _expected(
    route: Sequence[str],
    level: str = "within",
    sign: str = "positive",
    smallest: float = 0.02,
    name: str = "H1",
) -> dict[str, Any]:
    return {"id": name, "effect": " -> ".join(route), "level": level, "sign": sign, "smallest": smallest}


def _people(sizes: Sequence[int]) -> tuple[pd.DataFrame, Any]:
    team = np.repeat(np.arange(len(sizes)), sizes)
    ids = {"person": [f"P{i:04}" for i in range(len(team))], "team": [f"TEAM{t:03}" for t in team]}
    return pd.DataFrame(ids), team


def _along(
    rng: Generator,
    people: pd.DataFrame,
    team: Any,
    chain: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]],
) -> pd.DataFrame:
    """People with answers to each scale of a chain: slopes within and between on scales before it."""
    inside: dict[str, Any] = {}
    above: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for name, (within, between) in chain.items():
        own = rng.normal(size=len(team))
        own -= ((sizes := np.bincount(team)) > 1)[team] * (np.bincount(team, own) / sizes)[team]
        inside[name] = 0.8 * own + sum(b * inside[of] for of, b in within.items())
        above[name] = 0.5 * rng.normal(size=team.max() + 1) + sum(b * above[of] for of, b in between.items())
        for n in (1, 2, 3):
            raw = inside[name] + above[name][team] + 0.6 * rng.normal(size=len(team))
            item = np.clip(np.round(3 + raw), 1, 5).astype(int)
            answers[f"{name}_{n}"] = 6 - item if n == 3 else item
    return people.assign(**answers)


def _chain(names: Sequence[str], slope: float = 0.5) -> dict[str, tuple[dict[str, float], dict[str, float]]]:
    """Each scale depends on the one before it, alike within and between."""
    before = [{}, *({name: slope} for name in names[:-1])]
    return {name: (dict(of), dict(of)) for name, of in zip(names, before, strict=True)}


def _twelve(rng: Generator) -> Made:
    names = [f"scale_{n:02}" for n in range(1, 13)]
    people, team = _people([8] * 45)
    rows = _along(rng, people, team, _chain(names, 0.6))
    path = "\n".join(
        [" -> ".join(names[:6]), " -> ".join([names[0], *names[6:9], names[5]]), " -> ".join(names[8:])]
    )
    titles = {name: f"Scale {n} of the questionnaire" for n, name in enumerate(names, 1)}
    told = _declared(
        "Twelve Scales in One Questionnaire",
        {name: _scale(name) for name in names},
        path,
        [_expected(names[:3]), _expected(names[:6], "between", name="H2"), _expected(names[8:], name="H3")],
    )
    return Made(told, {"survey": rows}, titles)


def _two(rng: Generator) -> Made:
    names = ["warmth", "calm"]
    people, team = _people([6] * 30)
    rows = _along(rng, people, team, _chain(names))
    told = _declared(
        "Two Scales",
        {name: _scale(name) for name in names},
        "warmth -> calm",
        [_expected(names, smallest=0.1)],
    )
    return Made(told, {"survey": rows}, {name: name.title() for name in names})


def _single(rng: Generator, level: str = "within", measurement: str = "auto") -> Made:
    names = ["warmth", "calm", "thriving"]
    people, team = _people([1] * 220)
    rows = _along(rng, people, team, _chain(names)).drop(columns="team")
    rows["age"] = rng.integers(20, 60, len(rows))
    told = _declared(
        "People Who Belong to Nothing",
        {name: _scale(name) for name in names},
        "warmth -> calm -> thriving\nwarmth -> thriving",
        [_expected(names, level)],
        levels={"person": {"plural": "people"}},
        exports={"survey": _export("survey", links={})},
        covariates={"age": {"export": "survey", "column": "age", "title": "Age", "predicts": ["thriving"]}},
        measurement=measurement,
    )
    return Made(told, {"survey": rows}, {name: name.title() for name in names})


def _scripts(rng: Generator) -> Made:
    titles = {"greek": GREEK, "arabic": ARABIC, "chinese": CHINESE, "long": LONG, "unbroken": UNBROKEN}
    names = list(titles)
    people, team = _people([7] * 36)
    rows = _along(rng, people, team, _chain(names))
    rows["site"] = rng.integers(1, 4, len(rows))
    told = _declared(
        f"{LONG}: {GREEK} / {ARABIC} / {CHINESE}",
        {name: _scale(name) for name in names},
        "greek -> arabic -> chinese -> long -> unbroken\ngreek -> chinese",
        [
            _expected(["greek", "arabic", "chinese"], name="Υπόθεση 1"),
            _expected(["arabic", "chinese", "long"], "between", name="فرضية ٢"),
            _expected(["chinese", "long", "unbroken"], name="假设三"),
        ],
        question=f"{ARABIC}؟ {CHINESE}？",
        design=f"{GREEK}, {CHINESE}",
        levels={
            "person": {"title": "عضو الفريق", "plural": "أعضاء الفريق", "within": "team"},
            "team": {"title": "部门单位", "plural": "部门单位们"},
        },
        exports={"survey": _export("survey", file="exports/survey.sav", platform="spss")},
        covariates={"site": {"export": "survey", "column": "site", "title": "Τοποθεσία της μονάδας"}},
        invariance=["site"],
        report={"author": "محمد Παπαδόπουλος 王小明", "caterpillar": True},
    )
    sites = {"site": dict(enumerate(("Αθήνα", "القاهرة", "上海市"), 1))}
    labels = (
        "Διαφωνώ πλήρως",
        "لا أوافق",
        "不同意也不反对",
        "Agree, but only in the sense described above",
        "完全同意",
    )
    sav = {"variable_value_labels": sites, "column_labels": {"site": ARABIC}}
    return Made(
        told, {"survey": rows}, titles, labels=labels, texts=lambda title, n: f"{n}. {title}", sav=sav
    )


def _hostile(rng: Generator) -> Made:
    names = ["one", "two", "three", "four", "five"]
    titles = dict(zip(names, HOSTILE[:5], strict=True))
    people, team = _people([7] * 36)
    rows = _along(rng, people, team, _chain(names))
    rows["team"] = [HOSTILE[t % len(HOSTILE)] + str(t) for t in team]
    rows["comment"] = [HOSTILE[i % len(HOSTILE)] + f" OPENANSWER{i}" for i in range(len(rows))]
    rows["group"] = rng.integers(1, 4, len(rows))
    every = " ".join(HOSTILE)
    told = _declared(
        every,
        {name: _scale(name) for name in names},
        "one -> two -> three -> four -> five\none -> three",
        [_expected(names[k : k + 3], name=HOSTILE[k]) for k in range(3)],
        question=f"{JINJA} {HTML} {TYPST}?",
        design=f"{FORMULA} {WORD}",
        levels={
            "person": {"title": HTML, "plural": JINJA, "within": "team"},
            "team": {"title": FORMULA, "plural": TYPST},
        },
        exports={"survey": _export("survey", file="exports/survey.sav", platform="spss")},
        covariates={"group": {"export": "survey", "column": "group", "title": FORMULA}},
        invariance=["group"],
        rivals=[{"id": JINJA, "path": "five -> four -> three -> two -> one", "title": HTML}],
        published=[
            {
                "effect": "one -> two -> three",
                "level": "within",
                "standardized": 0.2,
                "source": f"{TYPST} {HTML}",
            }
        ],
        report={"author": f"{HTML} {FORMULA} {JINJA}", "caterpillar": True},
    )
    items = [f"{name}_{n}" for name in names for n in (1, 2, 3)]
    answers = dict(enumerate(HOSTILE[:5], 1))
    sav = {
        "column_labels": dict.fromkeys(items, f"{HTML} {JINJA}") | {"group": TYPST},
        "variable_value_labels": dict.fromkeys(items, answers) | {"group": dict(enumerate(HOSTILE[:3], 1))},
    }
    return Made(told, {"survey": rows}, titles, HOSTILE[:5], lambda title, n: f"{HOSTILE[n]} {title}", sav)


def _verdicts(rng: Generator) -> Made:
    """One predictor, three mediators: nothing, the opposite of what is expected, and too little to tell."""
    names = ["source", "nothing", "opposite", "unclear", "end"]
    people, team = _people([9] * 60)
    slopes: dict[str, dict[str, float]] = {
        "source": {},
        "nothing": {},
        "opposite": {"source": -0.6},
        "unclear": {"source": 0.12},
        "end": {"opposite": 0.5, "unclear": 0.12},
    }
    rows = _along(rng, people, team, {name: (of, of) for name, of in slopes.items()})
    told = _declared(
        "Every Verdict",
        {name: _scale(name) for name in names},
        "\n".join(f"source -> {name} -> end" for name in names[1:4]),
        [
            _expected(["source", name, "end"], level, smallest=0.03, name=f"H{n}")
            for n, (name, level) in enumerate([(m, w) for m in names[1:4] for w in ("within", "between")], 1)
        ],
    )
    return Made(told, {"survey": rows}, {name: name.title() for name in names})


def _few(rng: Generator) -> Made:
    """Five teams of four: no model of latent means, no bootstrap of teams worth its name."""
    names = ["warmth", "calm", "thriving"]
    people, team = _people([4] * 5)
    rows = _along(rng, people, team, _chain(names))
    told = _declared(
        "Five Teams",
        {name: _scale(name) for name in names},
        "warmth -> calm -> thriving",
        [_expected(names), _expected(names, "between", name="H2")],
    )
    return Made(told, {"survey": rows}, {name: name.title() for name in names})


def _thin(rng: Generator) -> Made:
    """Half of the teams have one member, and a quarter of the answers is missing."""
    names = ["warmth", "calm", "thriving"]
    people, team = _people([1, 5] * 30)
    rows = _along(rng, people, team, _chain(names))
    answers = list(rows.columns[2:])
    rows[answers] = rows[answers].astype("Int64").mask(rng.random((len(rows), len(answers))) < 0.25)
    told = _declared(
        "Teams of One",
        {name: _scale(name) for name in names},
        "warmth -> calm -> thriving",
        [_expected(names), _expected(names, "between", name="H2")],
        report={"caterpillar": True},
    )
    return Made(told, {"survey": rows}, {name: name.title() for name in names})


def _waves(rng: Generator) -> Made:
    """The same three scales in spring and autumn; a fifth of the people did not answer again."""
    names = ["warmth", "calm", "thriving"]
    times = [f"{name}_{when}" for when in ("spring", "autumn") for name in names]
    people, team = _people([8] * 40)
    slopes: dict[str, dict[str, float]] = {
        "warmth_spring": {},
        "calm_spring": {"warmth_spring": 0.4},
        "thriving_spring": {"calm_spring": 0.3},
        "warmth_autumn": {"warmth_spring": 0.6},
        "calm_autumn": {"calm_spring": 0.5, "warmth_spring": 0.3},
        "thriving_autumn": {"thriving_spring": 0.5, "calm_autumn": 0.3},
    }
    rows = _along(rng, people, team, {name: (of, of) for name, of in slopes.items()})
    exports = {}
    for when in ("spring", "autumn"):
        kept = rows if when == "spring" else rows[rng.random(len(rows)) < 0.8]
        own = [name for name in kept if name.rsplit("_", 1)[0].endswith(when)]
        exports[when] = kept[["person", "team", *own]].rename(
            columns={name: name.replace(f"_{when}", "") for name in own}
        )
    scales = {
        name: _scale(name.rsplit("_", 1)[0], name.rsplit("_", 1)[1])
        | {"title": " in ".join(name.split("_")).capitalize()}
        for name in times
    }
    told = _declared(
        "Spring and Autumn",
        scales,
        "warmth_spring -> calm_autumn -> thriving_autumn\ncalm_spring -> calm_autumn\n"
        "thriving_spring -> thriving_autumn\nwarmth_spring -> thriving_autumn",
        [_expected(["warmth_spring", "calm_autumn", "thriving_autumn"])],
        exports={when: _export(when, wave=when) for when in ("spring", "autumn")},
        design="Two waves, half a year apart",
    )
    return Made(told, exports, {name: name.title() for name in names})


STUDIES: Mapping[str, Callable[[Generator], Made]] = {
    "twelve": _twelve,
    "two": _two,
    "single": _single,
    "scripts": _scripts,
    "hostile": _hostile,
    "verdicts": _verdicts,
    "few": _few,
    "thin": _thin,
    "waves": _waves,
}
