"""The buttons of each table in Chromium: what is copied or saved is what the table says."""

from __future__ import annotations

import csv
import io
import re

import pytest

from pipeline.reporting import markup, numbering
from pipeline.reporting.tables.as_csv import NUMBER, STARTS_FORMULA
from pipeline.reporting.values import Document, Table

ALLOWED = ["clipboardReadWrite", "clipboardSanitizedWrite"]

COPY = """
(async () => {
  const found = {};
  for (const figure of document.querySelectorAll('figure:has(.tools)')) {
    document.getElementById('said').textContent = '';
    figure.querySelector('.tools button').click();
    while (!document.getElementById('said').textContent) await new Promise(done => setTimeout(done, 5));
    const [item] = await navigator.clipboard.read();
    const part = async kind => (await item.getType(kind)).text();
    const rich = new DOMParser().parseFromString(await part('text/html'), 'text/html');
    found[figure.id] = {
      said: document.getElementById('said').textContent,
      plain: await part('text/plain'),
      cells: [...rich.querySelectorAll('tr')].map(row =>
        [...row.cells].map(cell => [cell.textContent, cell.colSpan])),
      lines: [...rich.querySelectorAll('p')].map(line => [...line.childNodes].map(it => it.textContent)),
      scripts: rich.querySelectorAll('script, button').length};
  }
  return found;
})()
"""

# What each CSV button hands to the browser to be saved. Chromium itself saves seldom: it waits between files.
SAVE = """
(async () => {
  const found = [];
  let blob = null;
  URL.createObjectURL = given => { blob = given; return 'data:,'; };
  HTMLAnchorElement.prototype.click = function () { found.push({name: this.download}); };
  for (const figure of document.querySelectorAll('figure:has(.tools)')) {
    figure.querySelectorAll('.tools button')[1].click();
    const text = new TextDecoder('utf-8', {ignoreBOM: true}).decode(await blob.arrayBuffer());
    Object.assign(found[found.length - 1], {anchor: figure.id, text,
      said: document.getElementById('said').textContent});
  }
  return found;
})()
"""


@pytest.fixture(params=["sample", "demo"])
def name(request) -> str:
    return request.param


@pytest.fixture
def tab(browser, written, name):
    with browser.open(written(name)) as tab:
        yield tab


class Shown:
    """The tables of a document by their anchors, in the words that the reader sees."""

    def __init__(self, document: Document) -> None:
        self.labels = numbering.label(document)
        self.tables = {self.labels[it.id].anchor: it for it in document.blocks if isinstance(it, Table)}

    def said(self, text: str) -> str:
        shown = "".join(self.labels[run.ref].text if run.ref else run.text for run in markup.parse(text))
        return re.sub(r"\s+", " ", shown).strip()

    def rows(self, table: Table) -> list[list[tuple[str, int]]]:
        both = (*table.header, *table.body)
        return [[(self.said(cell.text), cell.span) for cell in row.cells] for row in both]

    def head(self, table: Table) -> list[str]:
        return [self.labels[table.id].text, self.said(table.title)]

    def notes(self, table: Table) -> list[str]:
        notes = [f"Note. {table.general}"] if table.general else []
        return [self.said(it) for it in (*notes, *table.specific, table.probability) if it]

    def grid(self, table: Table) -> list[list[str]]:
        """A cell over several columns stands in the first of them."""
        return [
            [it for text, span in row for it in (for_a_spreadsheet(text), *[""] * (span - 1))]
            for row in self.rows(table)
        ]


def for_a_spreadsheet(text: str) -> str:
    ascii_minus = text.replace("−", "-")
    return ascii_minus.replace(",", "") if text and NUMBER.match(ascii_minus) else text


def test_copy_gives_what_each_table_says(browser, tab, documents, name) -> None:
    browser.send("Browser.grantPermissions", permissions=ALLOWED)
    shown, told = Shown(documents(name)), tab.run(COPY)
    browser.send("Browser.resetPermissions")
    assert list(told) == list(shown.tables)
    for anchor, table in shown.tables.items():
        head, notes = shown.head(table), shown.notes(table)
        assert told[anchor]["said"] == f"{head[0]} copied"
        assert told[anchor]["plain"].splitlines() == [*head, *map("\t".join, shown.grid(table)), *notes]
        cells = [[(single_spaced(text), span) for text, span in row] for row in told[anchor]["cells"]]
        assert cells == shown.rows(table)
        lines = [list(map(single_spaced, line)) for line in told[anchor]["lines"]]
        assert lines == [[head[0], "", head[1]], *([note] for note in notes)]
        assert told[anchor]["scripts"] == 0


def single_spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def test_copy_works_where_the_clipboard_is_refused(browser, written, documents) -> None:
    """An older browser, or one that refuses: the table is selected and copied the old way."""
    with browser.open(written("sample")) as tab:
        tab.run("navigator.clipboard.write = () => Promise.reject(new Error('refused'))")
        tab.run("document.addEventListener('copy', () => { window.selected = String(getSelection()); })")
        tab.run("document.querySelector('.tools button').click()")
        tab.wait_for("document.getElementById('said').textContent", "the page to say what it did")
        assert tab.run("document.getElementById('said').textContent") == "Table 1 copied"
        words = re.sub(r"\s+", " ", tab.run("window.selected"))
        assert words == "Table 1 Clients Received and Kept Step n % Received 3,840 100.0 Kept 3,120 81.3"
        assert tab.run("document.body.lastElementChild.tagName") == "SCRIPT"


def test_csv_gives_what_each_table_says(tab, documents, name) -> None:
    shown, told = Shown(documents(name)), tab.run(SAVE)
    assert [it["anchor"] for it in told] == list(shown.tables)
    for it in told:
        table = shown.tables[it["anchor"]]
        head, notes = shown.head(table), shown.notes(table)
        assert it["name"] == f"{it['anchor']}.csv"
        assert it["said"] == f"{head[0]} saved as {it['name']}"
        lines = [*([text] for text in head), *shown.grid(table), *([text] for text in notes)]
        assert read(it["text"]) == [list(map(kept_as_text, line)) for line in lines]


def read(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def kept_as_text(text: str) -> str:
    return f"'{text}" if text.startswith(STARTS_FORMULA) and not NUMBER.match(text) else text


def test_the_buttons_are_pressed_by_key_and_tell_it(browser, written, tmp_path) -> None:
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    with browser.open(written("sample")) as tab:
        tab.run("document.querySelector('.tools button').focus()")
        tab.press("Tab")
        assert tab.run("document.activeElement.innerText.replace(/\\s+/g, ' ')") == "CSV Table 1"
        tab.press("Enter")
        file = tmp_path / "table_1.csv"
        tab.wait(file.exists, "the file")
        assert read(file.read_text(encoding="utf-8"))[2:4] == [
            ["Step", "n", "%"],
            ["Received", "3840", "100.0"],
        ]
        assert tab.run("document.activeElement.firstChild.data") == "Saved"
        tab.wait_for("document.activeElement.firstChild.data === 'CSV'", "the button to be itself again")
