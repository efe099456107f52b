"""A fuzzer guided by coverage, for readers, declarations and syntax: python tests/fuzz.py --minutes 10.

Seeds are changed at random; an input that runs lines of ours, one after the other, that none ran before is
kept and changed further (the idea of AFL; Zalewski, 2013). Whatever is raised other than the errors that
people are answered with, and whatever takes more than `LONGEST` seconds of the processor, is written to
tests/findings as `<target>-<hash>`; `test_findings.py` runs each of them from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import export_files as files  # noqa: E402
import fuzz_seeds  # noqa: E402
import small_study  # noqa: E402

from pipeline.declaration import StudyError  # noqa: E402
from pipeline.exports import ExportError, Part, read_export  # noqa: E402
from pipeline.exports.inspection import inspect_export  # noqa: E402
from pipeline.sem.errors import DataError, ModelError, SyntaxProblem  # noqa: E402
from pipeline.sem.syntax import parse  # noqa: E402
from pipeline.study import load_study  # noqa: E402

FINDINGS = HERE / "findings"
CORPUS = HERE / "corpus"
LONGEST = 10
ANSWERS = (ExportError, StudyError, SyntaxProblem, ModelError, DataError)
BOOK = (
    *("xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"),
    *("xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"),
)
OURS = str(HERE.parent / "pipeline")
MODEL = b"f =~ x1 + start(0.5)*x2 + NA*x3\ny ~ a*f + c(b, d)*x\nab := a*b^2\na == b\nlevel: 1\nx1 | t1\n"
DICTIONARY = files.text(
    [
        ["Variable / Field Name", "Form Name", "Field Type", "Field Label", "Choices", "Branching Logic"],
        ["race", "base", "checkbox", "Race", "1, A | 2, B", "[sex] = '1'"],
    ]
)
PIECES = (
    b'"',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"1e999",
    b"-99",
    b"=",
    b"(",
    b")",
    b"[",
    b"]",
)
PIECES += (
    b"{",
    b"}",
    b": ",
    b"- ",
    b"&a",
    b"*a",
    b"<<: ",
    b"~",
    b":=",
    b"==",
    b"level: 2",
    b"___1",
    b"(choice=A)",
)


class TooLong(BaseException):
    """A target took longer than `LONGEST` seconds; no `except Exception` on the way hides it."""


def main() -> None:
    """Fuzz every target for an equal share of the time, and say what was run, kept and found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        aims = targets(Path(folder))
        for name, (run, seeds) in aims.items():
            ran, kept, found = fuzz(name, run, seeds, chosen.minutes * 60 / len(aims), chosen.seed)
            print(f"{name:<18}{ran:>8} inputs{kept:>6} kept{found:>4} findings", flush=True)


def targets(folder: Path) -> dict[str, tuple[Callable[[bytes], object], list[bytes]]]:
    """Name -> what takes bytes, and the seeds to begin with."""
    small_study.build(folder)
    tables = {
        "qualtrics": files.QUALTRICS,
        "redcap": files.REDCAP,
        "limesurvey": files.LIMESURVEY,
        "surveymonkey": files.SURVEYMONKEY,
        "kobo": files.KOBO,
        "google_forms": files.GOOGLE,
        "microsoft_forms": files.MICROSOFT,
        "csv": [["a", "b"], ["1", "x"], ["2,5", "NA"]],
    }
    aims: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
        name: (reader(folder, name), [files.text(table)]) for name, table in tables.items()
    }
    aims["inspect"] = (saved(folder / "any.csv", inspect_export), [files.text(t) for t in tables.values()])
    aims["dictionary"] = (with_dictionary(folder), [DICTIONARY])
    for name, place in (("study", "data/small/study.yaml"), ("instrument", "instruments/calm.yaml")):
        aims[name] = (declaration(folder, folder / place), [(folder / place).read_bytes()])
    aims["syntax"] = (lambda data: parse(data.decode("utf-8", "replace")), [MODEL])
    return aims | binary(folder)


def binary(folder: Path) -> dict[str, tuple[Callable[[bytes], object], list[bytes]]]:
    """Files that are no text: parts of a workbook, whole archives, parquet, statistics programs."""
    made = folder / "made"
    made.mkdir()
    parquet = fuzz_seeds.parquets(made)
    archive = [files.zipped(made, {"in/a.csv": b"a,b\n1,2\n"})]
    whole = {"archive": archive, "parquet": parquet, **fuzz_seeds.statistics(made)}
    aims: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
        name: (
            reader(folder, "csv" if name == "archive" else name, paths[0].suffix),
            [path.read_bytes() for path in paths],
        )
        for name, paths in whole.items()
    }
    books = [members(path) for path in fuzz_seeds.workbooks(made)]
    aims["workbook"] = (
        workbook(folder, books[0]),
        [b"\0".join(map(book.__getitem__, BOOK)) for book in books],
    )
    return aims


def members(path: Path) -> dict[str, bytes]:
    """What is in an archive, by name."""
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def workbook(folder: Path, book: dict[str, bytes]) -> Callable[[bytes], object]:
    """The reader of workbooks, with any bytes as the parts that `BOOK` names, one NUL between two."""

    def take(data: bytes) -> object:
        changed_parts = dict(zip(BOOK, data.split(b"\0"), strict=False))
        return read_export(files.zipped(folder, book | changed_parts, "any.xlsx"), "microsoft_forms")

    return take


def fuzz(
    name: str, run: Callable[[bytes], object], seeds: list[bytes], seconds: float, seed: int
) -> tuple[int, int, int]:
    """Change, run and keep for some seconds; inputs run, inputs kept, findings."""
    draw = random.Random(f"{name} {seed}")
    corpus, seen, kinds = list(seeds), set[tuple[str, int, int]](), set[str]()
    ran, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        data = corpus[ran] if ran < len(seeds) else changed(draw, corpus)
        new, trouble = covered(run, data)
        ran += 1
        if trouble is not None and trouble not in kinds:
            kinds.add(trouble)
            keep(name, data)
            print(f"{name}: {trouble}", flush=True)
        if new - seen and ran > len(seeds):
            corpus.append(data)
        seen |= new
    return ran, len(corpus) - len(seeds), len(kinds)


def changed(draw: random.Random, corpus: list[bytes]) -> bytes:
    """One of the corpus with a few changes: pieces put in, cut out, doubled, taken from another."""
    data = bytearray(draw.choice(corpus))
    for _ in range(draw.choice((1, 1, 2, 4, 8))):
        at, length = draw.randrange(len(data) + 1), draw.randrange(1, 24)
        other = draw.choice(corpus)
        start = draw.randrange(len(other) + 1)
        new = draw.choice(
            (
                draw.choice(PIECES),
                b"",
                bytes([draw.randrange(256)]),
                bytes(data[at : at + length]) * 2,
                other[start : start + length],
            )
        )
        data[at : at + draw.choice((0, length))] = new
    return bytes(data[:20_000])


def covered(run: Callable[[bytes], object], data: bytes) -> tuple[set[tuple[str, int, int]], str | None]:
    """The steps from line to line of ours that an input runs, and what it raised that it should not."""
    steps: set[tuple[str, int, int]] = set()

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        steps.add((frame.f_code.co_name, frame.f_lineno, frame.f_lasti))
        return local

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        return local if frame.f_code.co_filename.startswith(OURS) else None

    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    sys.settrace(trace)
    try:
        run(data)
    except ANSWERS:
        return steps, None
    except (Exception, TooLong) as problem:
        sys.settrace(None)
        return steps, told(problem)
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
    return steps, None


def told(problem: BaseException) -> str:
    """What was raised, and in which line: one finding, however many inputs lead to it."""
    last = problem.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "?"
    return f"{type(problem).__name__} in {where}"


def keep(name: str, data: bytes) -> None:
    """Write a finding where the tests take it up."""
    FINDINGS.mkdir(exist_ok=True)
    (FINDINGS / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)


def saved(path: Path, run: Callable[[Path], object]) -> Callable[[bytes], object]:
    """What takes a path, as what takes bytes."""

    def take(data: bytes) -> object:
        path.write_bytes(data)
        return run(path)

    return take


def reader(folder: Path, platform: str, suffix: str = ".csv") -> Callable[[bytes], object]:
    """The reader of a platform."""
    return saved(folder / f"any{suffix}", lambda path: read_export(path, platform))


def with_dictionary(folder: Path) -> Callable[[bytes], object]:
    """REDCap's reader with a data dictionary of any bytes."""
    export = folder / "redcap.csv"
    export.write_bytes(files.text(files.REDCAP))
    return saved(folder / "any.csv", lambda path: read_export(export, "redcap", part=Part(dictionary=path)))


def declaration(root: Path, path: Path) -> Callable[[bytes], object]:
    """The loaders of study.yaml and of instruments, with one file of any bytes."""
    whole = path.read_bytes()

    def take(data: bytes) -> object:
        path.write_bytes(data)
        try:
            return load_study(root, "small")
        finally:
            path.write_bytes(whole)

    return take


def stop(*_: object) -> None:
    """Stop a target that hangs."""
    raise TooLong


signal.signal(signal.SIGPROF, stop)

if __name__ == "__main__":
    main()
