"""The targets of fuzz.py that a process of its own reads (spss, stata, sas), forked instead of started anew.

    python tests/fuzz_forked.py --minutes 8 --target spss --corpus FOLDER

To start Python and its libraries takes a second for each input; a fork takes hundredths of one. An input is
kept where it runs lines of ours that none ran before, in the parent or in the child, or is answered with
words that none was answered with. The C library that reads such files is not instrumented: what it does
shows only in its words, and in the signal that ended the child. `LONGEST` seconds of the child are a finding;
a crash of the child that the parent answers is not, and is counted.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import mmap
import os
import random
import re
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Any, ClassVar

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import fuzz  # noqa: E402
import pyreadstat  # noqa: E402, F401

from pipeline.exports import ExportError, apart, statistics_child  # noqa: E402

NUMBERS = tuple(
    number.to_bytes(size, "little", signed=True)
    for size in (1, 2, 4, 8)
    for number in (0, 1, -1, -2, 3, 64, 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1)))
)
MOST_MEMORY = 3 * 1024**3
LINES = mmap.mmap(-1, 4096)
"""One byte for each line of `statistics_child`, shared with the children: 1 where the line has run."""
Step = tuple[str, int, int]


def main() -> None:
    """Fuzz one target until its processor time is up."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=8.0)
    options.add_argument("--target", choices=("spss", "stata", "sas"), required=True)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    apart._child = Forked  # type: ignore[assignment, misc]
    chosen.corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        run, seeds = fuzz.targets(Path(folder))[chosen.target]
        guided(chosen.target, run, seeds, chosen)


def guided(name: str, run: Callable[[bytes], object], seeds: list[bytes], chosen: argparse.Namespace) -> None:
    """Change, run and keep, as `fuzz.fuzz` does, and say how children ended."""
    draw = random.Random(f"{name} {chosen.seed}")
    corpus, seen, kinds = list(seeds), set[Step](), Counter[str]()
    ran, before, first = 0, spent(), len(seeds)
    while spent() - before < chosen.minutes * 60:
        data = corpus[ran] if ran < first else changed(draw, corpus)
        new, trouble = steps_of(run, data)
        ran += 1
        if trouble is not None:
            kinds[trouble] += 1
            if kinds[trouble] == 1:
                fuzz.keep(name, data)
                print(f"{name}: {trouble}", flush=True)
        if new - seen and ran > first:
            corpus.append(data)
            (chosen.corpus / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
        seen |= new
    used = (spent() - before) / 60
    print(f"{name:<8}{used:6.1f} min{ran:>8} inputs{len(corpus) - first:>6} kept {dict(kinds)}", flush=True)
    print(f"{name:<8}children ended by: {dict(Forked.ends)}", flush=True)


def changed(draw: random.Random, corpus: list[bytes]) -> bytes:
    """One of the corpus changed in its place, for these formats stand at fixed places; else as texts are."""
    if draw.random() < 0.2:
        return fuzz.changed(draw, corpus)
    data = bytearray(draw.choice(corpus))
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        at, length = draw.randrange(len(data)), draw.choice((1, 1, 2, 4, 8))
        other = draw.choice(corpus)
        start = draw.randrange(len(other) + 1)
        new = draw.choice(
            (
                bytes([data[at] ^ 1 << draw.randrange(8)]),
                draw.choice(NUMBERS),
                draw.choice(NUMBERS)[::-1],
                other[start : start + length],
                bytes(draw.randrange(256) for _ in range(length)),
            )
        )
        data[at : at + len(new)] = new
    return bytes(data[:20_000])


def steps_of(run: Callable[[bytes], object], data: bytes) -> tuple[set[Step], str | None]:
    """Steps of the parent, lines of the child, and words of the answer; and what should not have been."""
    LINES[:] = bytes(len(LINES))
    words: list[str] = []

    def answered(content: bytes) -> object:
        try:
            return run(content)
        except ExportError as problem:
            words.append(re.sub(r"\d+", "#", str(problem))[:80])
            raise

    steps, trouble = fuzz.covered(answered, data)
    steps |= {("child", place, 0) for place, hit in enumerate(LINES[:]) if hit}
    steps |= {(word, 0, 0) for word in words}
    if Forked.last == signal.SIGXCPU:
        trouble = f"the child took more than {fuzz.LONGEST} s"
    return steps, trouble


class Forked:
    """What `apart` has of a child: its output, and that it can be killed."""

    ends: ClassVar[Counter[str]] = Counter()
    last = 0

    def __init__(
        self,
        path: Path,
        program: apart.Program,
        most: int | None,
        catalogue: Path | None,
        complaints: IO[bytes],
    ):
        reading, writing = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            _read(writing, complaints.fileno(), (str(path.resolve()), program.form, "0"))
        os.close(writing)
        self.stdout = os.fdopen(reading, "rb")

    def kill(self) -> None:
        """Called when all that the child has said was read."""

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        _, status = os.waitpid(self.pid, 0)
        Forked.last = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        Forked.ends[f"signal {Forked.last}" if Forked.last else f"status {os.WEXITSTATUS(status)}"] += 1


def _read(output: int, complaints: int, arguments: tuple[str, str, str]) -> None:
    """The child: read, write and be gone, whatever happens."""
    status = 1
    try:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (fuzz.LONGEST, fuzz.LONGEST + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        os.dup2(output, 1)
        os.dup2(complaints, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"), encoding="utf-8")
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb"), encoding="utf-8")
        sys.settrace(_trace)
        statistics_child.main(*arguments)
        sys.settrace(None)
        sys.stdout.flush()
        status = 0
    except BaseException:
        sys.settrace(None)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _trace(frame: FrameType, event: str, argument: Any) -> Any:
    if frame.f_code.co_filename != statistics_child.__file__:
        return None
    LINES[frame.f_lineno] = 1
    return _trace


def spent() -> float:
    """Processor seconds of this process and of the children that have ended."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


if __name__ == "__main__":
    main()
