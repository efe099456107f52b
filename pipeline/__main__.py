"""`python -m pipeline ...`: enter the project's environment, then hand over to the command line."""

from __future__ import annotations

import os
import sys

from pipeline import environment


def main() -> None:
    """Run the command line inside the locked environment, making that first where it is missing.

    Matrices here are small and many: where the user says nothing else, the linear algebra keeps to one
    thread, as several would wait for each other most of the time.
    """
    try:
        environment.enter(sys.argv[1:])
    except environment.SetupError as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
    from pipeline import cli, compute

    for name, threads in compute.ONE_THREAD.items():
        os.environ.setdefault(name, threads)
    sys.exit(cli.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
