"""Time and memory of reading 1e6 x 60 cells beside plain libraries: python tests/benchmarks/reading.py.

The table is what a large survey exports: an id, a team, an address, two moments, a duration, a comment, three
numbers and fifty Likert items. Each file is read in processes of their own, ours and the plain library by
turns; of `RUNS` runs the smallest processor time and the largest peak of memory count. The peak of the child
that reads a file of a statistics program is added to that of the process, as if both came at one moment.
Nothing is written but to a temporary folder. What it printed is in docs/exports.md and behind
`exports/memory.py`.
"""

from __future__ import annotations

import argparse
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
    "xlsx": "import pandas as pd; frame = pd.read_excel({path!r})",
}
PLATFORMS = {
    "csv": "csv",
    "sav": "spss",
    "zsav": "spss",
    "dta": "stata",
    "parquet": "parquet",
    "xlsx": "xlsx",
}
MEASURE = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
began = time.monotonic()
{code}
own, child = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
seconds = sum(told.ru_utime + told.ru_stime for told in (own, child))
peak = (own.ru_maxrss + child.ru_maxrss) / 1024
print(json.dumps([seconds, time.monotonic() - began, peak]))
"""


def main() -> None:
    """Make the files, read each by turns, print one line a file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--kinds", nargs="+", choices=list(PLAIN), default=["csv", "sav", "parquet"])
    chosen = options.parse_args()
    heads = ("MB", "ours s", "plain s", "ratio", "ours MB", "plain MB", "of file")
    print(f"{'file':<9}" + "".join(f"{head:>10}" for head in heads))
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
    {
        ".csv": lambda: frame.astype(whole).to_csv(path, index=False),
        ".parquet": lambda: frame.to_parquet(path),
        ".sav": lambda: pyreadstat.write_sav(frame, str(path)),
        ".zsav": lambda: pyreadstat.write_sav(frame, str(path), compress=True),
        ".dta": lambda: pyreadstat.write_dta(frame, str(path)),
        ".xlsx": lambda: frame.to_excel(path, index=False),
    }[path.suffix]()


def line(kind: str, path: Path) -> str:
    """Seconds and peaks of both, and our peak as a multiple of the file."""
    ours = OURS.format(path=str(path), platform=PLATFORMS[kind])
    plain = PLAIN[kind].format(path=str(path))
    told = [(measured(ours), measured(plain)) for _ in range(RUNS)]
    seconds = [min(pair[i][0] for pair in told) for i in (0, 1)]
    peaks = [max(pair[i][2] for pair in told) for i in (0, 1)]
    size = path.stat().st_size / 1024**2
    found = (size, *seconds, seconds[0] / seconds[1], *peaks, peaks[0] / size)
    return f"{kind:<9}" + "".join(f"{number:>10.{1 if number < 100 else 0}f}" for number in found)


def measured(code: str) -> list[float]:
    """Processor seconds, wall seconds and peak MB of code run in a process of its own."""
    script = MEASURE.format(root=str(ROOT), code=code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    found: list[float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
