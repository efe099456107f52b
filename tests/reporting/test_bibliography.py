"""The works that a report can cite: APA strings as people write them, BibTeX that is no command, no gaps."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from urllib.parse import unquote

import pytest
import recorded

from pipeline import stages
from pipeline.instrument import load_instrument
from pipeline.reporting import bibliography, markup
from pipeline.reporting.prose import references
from pipeline.stages.report import OWN_TEMPLATE, _composed

INSTRUMENTS = Path(__file__).resolve().parents[2] / "instruments"
WORKS = {str(work["id"]): work for work in bibliography.works()}
CITATION = re.compile(
    r"((?:[A-ZÀ-Ý][\w’-]+ & (?:ten )?)?[A-ZÀ-Ý][\w’-]+(?: et al\.)?),? \(?((?:19|20)\d\d)\b"
)
STAGES = {one.name: import_module(f"pipeline.stages.{one.name}") for one in iter_modules(stages.__path__)}
OPTIONS = {
    name: module.OPTIONS
    for name, module in STAGES.items()
    if isinstance(getattr(module, "OPTIONS", None), dict)
}

APA = {
    "bauer_curran_2005": (
        "Bauer, D. J., & Curran, P. J. (2005). Probing interactions in fixed and multilevel regression: "
        "Inferential and graphical techniques. *Multivariate Behavioral Research, 40*(3), 373–400. "
        "[https://doi.org/10.1207/s15327906mbr4003\\_5](https://doi.org/10.1207/s15327906mbr4003_5)"
    ),
    "bliese_2000": (
        "Bliese, P. D. (2000). Within-group agreement, non-independence, and reliability: Implications for "
        "data aggregation and analysis. In K. J. Klein & S. W. J. Kozlowski (Eds.), *Multilevel theory, "
        "research, and methods in organizations: Foundations, extensions, and new directions* (pp. 349–381). "
        "Jossey-Bass."
    ),
    "hayes_2022": (
        "Hayes, A. F. (2022). *Introduction to mediation, moderation, and conditional process analysis: A "
        "regression-based approach* (3rd ed.). Guilford Press."
    ),
    "bliese_et_al_2002": (
        "Bliese, P. D., Halverson, R. R., & Schriesheim, C. A. (2002). Benchmarking multilevel methods in "
        "leadership: The articles, the model, and the data set. *The Leadership Quarterly, 13*(1), 3–14. "
        "[https://doi.org/10.1016/S1048-9843(01)00101-1](https://doi.org/10.1016/S1048-9843%2801%2900101-1)"
    ),
    "birnbaum_1968": (
        "Birnbaum, A. (1968). Some latent trait models and their use in inferring an examinee’s ability. In "
        "F. M. Lord & M. R. Novick, *Statistical theories of mental test scores* (pp. 397–479). "
        "Addison-Wesley."
    ),
    "tucker_1951": (
        "Tucker, L. R. (1951). *A method for synthesis of factor analysis studies* (Personnel Research "
        "Section Report No. 984). Department of the Army."
    ),
    "asparouhov_muthen_2010": (
        "Asparouhov, T., & Muthén, B. (2010). *Simple second order chi-square correction* "
        r"\[Technical appendix\]. Mplus."
    ),
    "little_et_al_2006": (
        "Little, T. D., Slegers, D. W., & Card, N. A. (2006). A non-arbitrary method of identifying and "
        "scaling latent variables in SEM and MACS models. *Structural Equation Modeling, 13*(1), 59–72. "
        "[https://doi.org/10.1207/s15328007sem1301\\_3](https://doi.org/10.1207/s15328007sem1301_3)"
    ),
    "mackinnon_2008": (
        "MacKinnon, D. P. (2008). *Introduction to statistical mediation analysis*. Lawrence Erlbaum "
        "Associates."
    ),
    "seaman_et_al_2012": (
        "Seaman, S. R., Bartlett, J. W., & White, I. R. (2012). Multiple imputation of missing covariates "
        "with non-linear effects and interactions: An evaluation of statistical methods. *BMC Medical "
        "Research Methodology, 12*, Article 46. "
        "[https://doi.org/10.1186/1471-2288-12-46](https://doi.org/10.1186/1471-2288-12-46)"
    ),
    "nestler_et_al_2019": (
        "Nestler, S., Humberg, S., & Schönbrodt, F. D. (2019). Response surface analysis with multilevel "
        "data: Illustration for the case of congruence hypotheses. *Psychological Methods, 24*(3), 291–308. "
        "[https://doi.org/10.1037/met0000199](https://doi.org/10.1037/met0000199)"
    ),
    "vanderweele_ding_2017": (
        "VanderWeele, T. J., & Ding, P. (2017). Sensitivity analysis in observational research: Introducing "
        "the *E*-value. *Annals of Internal Medicine, 167*(4), 268–274. "
        "[https://doi.org/10.7326/M16-2607](https://doi.org/10.7326/M16-2607)"
    ),
}
CITED = {
    "cronbach_1951": "Cronbach, 1951",
    "bauer_curran_2005": "Bauer & Curran, 2005",
    "imai_et_al_2010": "Imai et al., 2010",
}


@pytest.mark.parametrize("work", APA)
def test_a_work_is_listed_in_apa_style(work: str) -> None:
    assert bibliography.apa(WORKS[work]) == APA[work]


@pytest.mark.parametrize("work", CITED)
def test_a_work_is_cited_by_author_and_year(work: str) -> None:
    assert bibliography.cited_as(WORKS[work]) == CITED[work]


def test_more_than_twenty_authors_are_cut_as_apa_does() -> None:
    many = [{"family": f"Name{number}", "given": "A."} for number in range(1, 23)]
    words = bibliography.apa({**WORKS["mackinnon_2008"], "author": many})
    assert words.startswith("Name1, A., Name2, A., ")
    assert "Name19, A., . . . Name22, A. (2008)" in words
    assert "Name20" not in words


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_the_file_is_sound(work: dict[str, Any]) -> None:
    """Every work can be written both ways, has a key of its own and no markup by chance."""
    assert len(WORKS) == len(bibliography.works())
    assert work["categories"] in (["method"], ["instrument"])
    assert re.fullmatch(r"[a-z_]+_\d{4}", str(work["id"]))
    assert bibliography.year(work) in markup.plain(bibliography.apa(work))
    assert not re.search(r"[*{}\\]", str(work["title"]))
    entry = bibliography.bibtex([work], [])
    assert entry.count("{") == entry.count("}")
    assert f"{{{work['id']}," in entry


def test_every_published_instrument_of_the_project_is_among_the_works() -> None:
    citations = {load_instrument(path).source.citation for path in INSTRUMENTS.glob("*.yaml")}
    published = {citation for citation in citations if references._is_reference(citation)}
    assert len(published) >= 7
    assert [citation for citation in published if references._work(citation) is None] == []


def test_the_bibtex_of_a_report_has_what_its_list_has() -> None:
    composed = _composed(recorded.results("army-leadership"), OWN_TEMPLATE)
    keys = re.findall(r"^@\w+\{(\w+),$", composed.bibliography, flags=re.MULTILINE)
    listed = [block for block in composed.document.blocks if getattr(block, "hanging", False)]
    assert len(keys) == len(set(keys)) == len(listed)
    assert {"preacher_et_al_2010", "bliese_et_al_2002"} <= set(keys)
    assert "edwards_parry_1993" not in keys


@pytest.mark.parametrize(
    "work", [work for work in WORKS.values() if "DOI" in work], ids=lambda work: work["id"]
)
def test_a_doi_is_an_address_that_leads_where_it_says(work: dict[str, Any]) -> None:
    address = f"https://doi.org/{work['DOI']}"
    linked = [run for run in markup.parse(bibliography.apa(work)) if run.href]
    assert "".join(run.text for run in linked) == address
    assert {unquote(str(run.href)) for run in linked} == {address}


@pytest.mark.parametrize("study", ["demo", "army-climate", "army-leadership", "plain"])
def test_every_work_that_a_report_cites_is_in_its_list(study: str) -> None:
    blocks = _composed(recorded.results(study), OWN_TEMPLATE).document.blocks
    listed = [markup.plain(block.text) for block in blocks if getattr(block, "hanging", False)]
    text = str([block for block in blocks if not getattr(block, "hanging", False)])
    cited = set(CITATION.findall(text))
    assert len(cited) > 10
    assert sorted((name, year) for name, year in cited if not _has(listed, name, year)) == []


@pytest.mark.parametrize("stage", OPTIONS)
def test_works_that_options_cite_are_known_and_cited_in_apa_style(stage: str) -> None:
    text = " ".join(str(value) for value in OPTIONS[stage].values())
    listed = [markup.plain(bibliography.apa(work)) for work in WORKS.values()]
    known = [*listed, "Jackson, D. N. (1977"]  # as cited in Johnson (2005)
    assert [one for one in set(CITATION.findall(text)) if not _has(known, *one)] == []
    assert re.findall(r"[A-Z]\w+, [A-Z]\w+ & [A-Z]\w+, \d{4}", text) == []


def test_the_list_is_in_the_order_of_its_authors() -> None:
    keys = ("muthen_kaplan_1985", "joreskog_1971", "muthen_et_al_1997", "johnson_2005", "bliese_2000")
    works = (*(WORKS[key] for key in keys), WORKS["bliese_et_al_2002"], WORKS["dejonckere_rosseel_2022"])
    found = references.references(references.Cited(works, ("de Anon, A. (2001). Title.",)))
    assert [words.split(" (")[0] for words in found] == [
        "Bliese, P. D.",
        "Bliese, P. D., Halverson, R. R., & Schriesheim, C. A.",
        "de Anon, A.",
        "De Jonckere, J., & Rosseel, Y.",
        "Johnson, J. A.",
        "Jöreskog, K. G.",
        "Muthén, B., du Toit, S. H. C., & Spisic, D.",
        "Muthén, B., & Kaplan, D.",
    ]


def _has(listed: list[str], name: str, year: str) -> bool:
    """Whether a list has a work of that year whose first authors begin so."""
    names = [re.escape(part) for part in re.split(r" & | et al\.", name) if part]
    start = re.compile(r"([Dd]e )?" + r",.*& ".join(names) + r",.*\(" + year)
    return any(start.match(work) for work in listed)


def test_a_source_that_is_a_known_work_is_listed_in_apa_style() -> None:
    source = load_instrument(INSTRUMENTS / "lq2002_leadership.yaml").source.citation
    found = references.Cited((), (source, "Nobody, A. (2001). Unknown."))
    assert references.references(found) == [APA["bliese_et_al_2002"], "Nobody, A. (2001). Unknown."]


def test_a_source_that_is_no_known_work_is_a_note_and_no_command() -> None:
    found = references.Cited((), (r"Nobody, A. (2001). 100% \input{secret} & more_of it.",))
    assert references.bibtex(found) == (
        "@misc{source_1,\n  year = {2001},\n"
        "  note = {Nobody, A. (2001). 100\\% inputsecret \\& more\\_of it.},\n}\n"
    )
