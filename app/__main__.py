"""`python -m app` is the command `pars`."""

from app.cli import main

main()
