"""The command `pars`, which `python -m app` is, too.

This file and `app/__init__.py` are read by any Python there ever was, so that an old one says what it lacks. Whatever a
newer language has stays out of them.
"""

import sys

OLDEST = (3, 11)


def main():  # type: ignore[no-untyped-def]
    """Run a command. Ctrl-C and a reader that has gone end it without a stack, wherever it is."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit("pars: Python 3.11 or newer is needed, and this is Python " + found + " (" + sys.executable + ").")
    try:
        from app.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()  # type: ignore[no-untyped-call]
