"""What is shipped in instruments/ and data/: own scales ready to field, real data as published."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.instrument import Instrument, load_instrument
from pipeline.study import load_study

ROOT = Path(__file__).resolve().parents[2]
OWN = {
    "leader_support": (9, 12),
    "coworker_support": (6, 9),
    "leader_trust": (4, 6),
    "alliance": (9, 12),
    "belonging": (8, 10),
    "autonomy": (4, 6),
    "functioning": (6, 8),
}
PUBLISHED = {
    "lq2002_leadership": ("LEAD", "LEAD", range(1, 6)),
    "lq2002_task_significance": ("TSIG", "TSIG", range(1, 6)),
    "lq2002_hostility": ("HOSTIL", "HOSTILE", range(5)),
}
REAL = {
    "army-climate": ("bh1996.csv", 7382, 99, "GRP"),
    "army-leadership": ("lq2002.csv", 2042, 49, "COMPID"),
}


def instrument(name: str) -> Instrument:
    return load_instrument(ROOT / "instruments" / f"{name}.yaml")


@pytest.mark.parametrize("name", OWN)
def test_an_own_scale_is_free_and_ready_to_field(name: str) -> None:
    scale = instrument(name)
    few, many = OWN[name]
    texts = [item.text or "" for item in scale.items]
    assert few <= len(scale.items) <= many
    assert scale.licence.name == "CC0-1.0"
    assert scale.licence.wording_may_be_shipped
    assert scale.licence.may_be_changed
    assert scale.recall
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(r"[A-Z][^.?!]{9,}\.", text) for text in texts)
    assert not [text for text in texts if re.search(r"\b(or|always|never)\b", text, re.IGNORECASE)]
    assert all(sorted(scale.responses(item.id)) == [1, 2, 3, 4, 5] for item in scale.items)
    assert scale.published.reliability == ()
    assert "not validated" in (scale.source.note or "")


@pytest.mark.parametrize("name", OWN)
def test_facets_take_in_every_item_once(name: str) -> None:
    scale = instrument(name)
    grouped = [item for facet in scale.facets.values() for item in facet.items]
    assert not scale.facets or sorted(grouped) == sorted(scale.item_ids)


def test_two_items_of_belonging_are_reverse_keyed_one_in_each_facet() -> None:
    scale = instrument("belonging")
    turned = [item.id for item in scale.items if item.reverse]
    assert len(turned) == 2
    assert all(len(set(facet.items) & set(turned)) == 1 for facet in scale.facets.values())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_scale_has_no_wording_and_scores_as_its_data_do(name: str) -> None:
    scale = instrument(name)
    prefix, score, codes = PUBLISHED[name]
    data = pd.read_csv(ROOT / "data" / "army-leadership" / "exports" / "lq2002.csv")
    items = data[[item.id.upper() for item in scale.items]]
    assert all(item.text is None and not item.reverse for item in scale.items)
    assert not scale.licence.wording_may_be_shipped
    assert list(items) == [name for name in data if re.fullmatch(rf"{prefix}[0-9]+", name)]
    assert all(sorted(scale.responses(item.id)) == list(codes) for item in scale.items)
    assert set(np.unique(items)) == set(codes)
    assert np.allclose(items.mean(axis=1), data[score], atol=1e-8)


@pytest.mark.parametrize("name", REAL)
def test_real_data_are_as_their_page_says(name: str) -> None:
    file, rows, companies, company = REAL[name]
    path = ROOT / "data" / name / "exports" / file
    page = (ROOT / "data" / name / "README.md").read_text(encoding="utf-8")
    frame = pd.read_csv(path)
    assert (len(frame), frame[company].nunique()) == (rows, companies)
    assert not frame.isna().any(axis=None)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in page
    for told in (
        f"{rows:,}",
        f"{companies} companies",
        "GPL-2 or later",
        "multilevel",
        "Bliese, P. D.",
        "changed",
    ):
        assert told in page
    assert not load_study(ROOT, name).declared.synthetic


def test_the_demonstration_fits_on_a_screen() -> None:
    lines = (ROOT / "data" / "demo" / "study.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 110


def test_the_data_folder_stays_small() -> None:
    shipped = [
        path for name in ("demo", *REAL) for path in (ROOT / "data" / name).rglob("*") if path.is_file()
    ]
    assert sum(path.stat().st_size for path in shipped) < 4_000_000
