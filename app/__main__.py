"""`python -m app` is the command `pars`."""

from app.cli.main import main

main()
