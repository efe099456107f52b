"""Time and memory of reading 1e6 x 60 cells beside plain libraries: python tests/benchmarks/reading.py.

The table is what a large survey exports: an id, a team, an address, two moments, a duration, a comment, three
numbers and fifty Likert items. Each file is read in processes of their own, ours and the plain library by
turns; of `RUNS` runs the smallest processor time and the largest peak of memory count. The second of our
times includes that of taking every column once, one after the other, as pandas has them. Memory is what
reading takes above what the process has taken at rest, with its libraries, and how many times the file that
is; then the peak once each column was taken, and the whole of the second process that reads a file of a
statistics program. A .sas7bdat file is measured where `--file` names one; nothing here can write it.
Nothing is written but to a temporary folder. What it printed is in docs/exports.md and behind
`exports/memory.py`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
RUNS, ITEMS = 2, 50

OURS = "from pathlib import Path; from pipeline.exports import read_export; "
OURS += "frame = read_export(Path({path!r}), {platform!r}).frame"
PLAIN = {
    "csv": "import pandas as pd; frame = pd.read_csv({path!r})",
    "sav": "import pyreadstat; frame = pyreadstat.read_sav({path!r}, user_missing=True)[0]",
    "zsav": "import pyreadstat; frame = pyreadstat.read_sav({path!r}, user_missing=True)[0]",
    "dta": "import pyreadstat; frame = pyreadstat.read_dta({path!r}, user_missing=True)[0]",
    "parquet": "import pandas as pd; frame = pd.read_parquet({path!r})",
    "packed.sav": "import pyreadstat; frame = pyreadstat.read_sav({path!r}, user_missing=True)[0]",
    "quoted.csv": "import pandas as pd; frame = pd.read_csv({path!r})",
    "lines.csv": "import pandas as pd; frame = pd.read_csv({path!r})",
    "stray.csv": "import pandas as pd; frame = pd.read_csv({path!r})",
    "xlsx": "import pandas as pd; frame = pd.read_excel({path!r})",
    "xpt": "import pyreadstat; frame = pyreadstat.read_xport({path!r})[0]",
    "sas7bdat": "import pyreadstat; frame = pyreadstat.read_sas7bdat({path!r}, user_missing=True)[0]",
}
PLATFORMS = {
    "csv": "csv",
    "sav": "spss",
    "zsav": "spss",
    "dta": "stata",
    "parquet": "parquet",
    "xlsx": "xlsx",
    "xpt": "sas",
    "sas7bdat": "sas",
}
TAKE = "all(frame[name] is not None for name in frame)"
MEASURE = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
import pandas, pyarrow.compute, pyarrow.csv, pyarrow.parquet, pyreadstat

def taken(who):
    return resource.getrusage(who).ru_maxrss / 1024

def seconds():
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in told)

rest, began = taken(resource.RUSAGE_SELF), seconds()
{code}
own, read = seconds() - began, taken(resource.RUSAGE_SELF) - rest
{take}
print(json.dumps([
    own, seconds() - began, read, taken(resource.RUSAGE_SELF) - rest, taken(resource.RUSAGE_CHILDREN)
]))
"""


def main() -> None:
    """Make the files, read each by turns, print one line a file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--kinds", nargs="+", choices=list(PLAIN), default=["csv", "sav", "parquet"])
    options.add_argument("--file", type=Path, help="measure this file instead")
    chosen = options.parse_args()
    heads = ("MB", "ours s", "plain s", "ratio", "taken s", "ours MB", "of file", "taken MB", "second MB")
    print(f"{'file':<11}" + "".join(f"{head:>10}" for head in (*heads, "plain MB")))
    if chosen.file is not None:
        print(line(chosen.file.suffix[1:], chosen.file))
        return
    with tempfile.TemporaryDirectory(prefix="reading-") as folder:
        for kind in chosen.kinds:
            path = made(Path(folder), kind, chosen.rows)
            print(line(kind, path), flush=True)
            path.unlink()


def made(folder: Path, kind: str, rows: int) -> Path:
    """Write the table as a file of one kind, in a process of its own."""
    path = folder / f"survey.{kind}"
    command = [
        sys.executable,
        "-c",
        "import reading, sys; reading.write(*sys.argv[1:])",
        str(path),
        str(rows),
    ]
    subprocess.run(command, check=True, cwd=Path(__file__).parent)
    return path


def write(file: str, rows: str) -> None:
    """Write the table; the same to the byte for the same number of rows."""
    import numpy as np
    import pandas as pd
    import pyreadstat

    n, rng, path = int(rows), np.random.default_rng(20261123), Path(file)
    started = np.datetime64("2026-01-05T08:00:00") + np.sort(rng.integers(0, 90 * 86400, n)).astype("m8[s]")
    seconds = rng.integers(200, 3000, n)
    moments = [np.datetime_as_string(each).tolist() for each in (started, started + seconds.astype("m8[s]"))]
    columns: dict[str, object] = {
        "person": [f"R_{i:09x}" for i in rng.permutation(n)],
        "team": [f"T{i:05}" for i in rng.integers(0, n // 20 + 1, n)],
        "mail": [f"u{i}@example.org" for i in range(n)],
        "begun": moments[0],
        "ended": moments[1],
        "seconds": seconds.astype("float64"),
        "comment": np.where(rng.random(n) < 0.1, "it was a long questionnaire", ""),
        "age": rng.integers(18, 70, n).astype("float64"),
        "tenure": np.round(rng.gamma(2, 3, n), 1),
        "hours": rng.integers(5, 45, n).astype("float64"),
    }
    columns |= {f"Q{i}": rng.integers(1, 6, n).astype("float64") for i in range(1, ITEMS + 1)}
    frame = pd.DataFrame(columns)
    whole = {name: "int64" for name in frame.select_dtypes("float64") if name != "tenure"}
    if path.name.endswith("lines.csv"):
        frame["comment"] = frame["comment"].str.replace(" long ", "\nlong ")
    quoting = csv.QUOTE_ALL if path.name.endswith(("quoted.csv", "lines.csv")) else csv.QUOTE_MINIMAL
    {
        ".csv": lambda: frame.astype(whole).to_csv(path, index=False, quoting=quoting),
        ".parquet": lambda: frame.to_parquet(path),
        ".sav": lambda: pyreadstat.write_sav(frame, str(path), row_compress="packed" in path.name),
        ".zsav": lambda: pyreadstat.write_sav(frame, str(path), compress=True),
        ".dta": lambda: pyreadstat.write_dta(frame, str(path)),
        ".xpt": lambda: pyreadstat.write_xport(frame, str(path)),
        ".xlsx": lambda: frame.to_excel(path, index=False),
    }[path.suffix]()
    if path.name.endswith("stray.csv"):
        path.write_bytes(path.read_bytes().replace(b",T0", b',T"0', 1))


def line(kind: str, path: Path) -> str:
    """Seconds of both, our peaks, the first one as a multiple of the file, and the plain library's peak."""
    ours = OURS.format(path=str(path), platform=PLATFORMS[kind.rpartition(".")[2]])
    plain = PLAIN[kind].format(path=str(path))
    told = [(measured(ours, TAKE), measured(plain, "")) for _ in range(RUNS)]
    own, other = (list(zip(*runs, strict=True)) for runs in zip(*told, strict=True))
    seconds, peaks = (min(own[0]), min(other[0])), [max(each) for each in own[2:]]
    size = path.stat().st_size / 1024**2
    times = (*seconds, seconds[0] / seconds[1], min(own[1]))
    found = (size, *times, peaks[0], peaks[0] / size, *peaks[1:], max(other[2]))
    return f"{kind:<11}" + "".join(f"{number:>10.{1 if number < 100 else 0}f}" for number in found)


def measured(code: str, take: str) -> list[float]:
    """Processor seconds and peaks in MB of code run in a process of its own."""
    script = MEASURE.format(root=str(ROOT), code=code, take=take)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    found: list[float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
