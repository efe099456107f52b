"""`python -m pipeline ...`: enter the project's environment, then hand over to the command line."""

from __future__ import annotations

import sys

from pipeline import environment


def main() -> None:
    """Run the command line inside the locked environment, making that first where it is missing."""
    try:
        environment.enter(sys.argv[1:])
    except environment.SetupError as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
    from pipeline import cli

    sys.exit(cli.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
