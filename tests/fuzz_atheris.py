"""The targets of fuzz.py under libFuzzer, by way of atheris.

    python tests/fuzz_atheris.py --minutes 60 --corpus FOLDER

Atheris is no dependency of the project: run this with a Python that has it beside the project's requirements.
Every target gets an equal share of the minutes, which are those of the processor, in a process of its own,
one after the other. An input that reaches new code stays in FOLDER/<target>, from which a later run goes on;
what is raised that should not be is written to tests/findings, as fuzz.py does.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import atheris  # noqa: E402

with atheris.instrument_imports(include=["pipeline", "ruamel", "openpyxl"]):
    import fuzz

LONGEST_INPUT = 16_384


def main() -> None:
    """Run every target in turn, or the one that is named."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--target")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    if chosen.target:
        guided(chosen.target, chosen.corpus, chosen.minutes * 60, chosen.seed)
        return
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        names = list(fuzz.targets(Path(folder)))
    for name in names:
        share = ["--minutes", str(chosen.minutes / len(names)), "--corpus", str(chosen.corpus / name)]
        command = [sys.executable, __file__, "--target", name, *share, "--seed", str(chosen.seed)]
        subprocess.run(command, check=False)


def guided(name: str, corpus: Path, seconds: float, seed: int) -> None:
    """Let libFuzzer change the inputs of one target until its processor time is up."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    run, seeds = fuzz.targets(folder)[name]
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(content)
    words = folder / "words"
    words.write_text("".join(f'"{escaped(piece)}"\n' for piece in fuzz.PIECES), encoding="ascii")
    arguments = [__file__, f"-dict={words}", f"-max_len={LONGEST_INPUT}", f"-seed={seed}", str(corpus)]
    atheris.Setup(
        [*arguments, "-timeout=600", "-len_control=100", "-rss_limit_mb=4096", "-verbosity=0"],
        once(name, run, folder, seconds, corpus),
    )
    atheris.Fuzz()


def once(
    name: str, run: Callable[[bytes], object], folder: Path, seconds: float, corpus: Path
) -> Callable[[bytes], None]:
    """What libFuzzer calls: run an input, keep what should not happen, say what was done at the end."""
    kinds: set[str] = set()
    ran, before = 0, spent()

    def take(data: bytes) -> None:
        nonlocal ran
        ran += 1
        trouble = raised(run, data)
        if trouble is not None and trouble not in kinds:
            kinds.add(trouble)
            fuzz.keep(name, data)
            print(f"{name}: {trouble}", flush=True)
        used = spent() - before
        if used > seconds:
            kept = len(list(corpus.iterdir()))
            print(
                f"{name:<16}{used / 60:6.1f} min{ran:>9} inputs{kept:>6} kept{len(kinds):>3} findings",
                flush=True,
            )
            shutil.rmtree(folder)
            os._exit(0)

    return take


def raised(run: Callable[[bytes], object], data: bytes) -> str | None:
    """What an input raised that it should not."""
    signal.setitimer(signal.ITIMER_PROF, fuzz.LONGEST)
    try:
        run(data)
    except fuzz.ANSWERS:
        return None
    except (Exception, fuzz.TooLong) as problem:
        return fuzz.told(problem)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return None


def spent() -> float:
    """Processor seconds of this process and of those that it started."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def escaped(piece: bytes) -> str:
    """A word of libFuzzer's dictionary."""
    return "".join(f"\\x{byte:02x}" for byte in piece)


if __name__ == "__main__":
    main()
