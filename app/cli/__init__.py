"""The command `pars`: one module a noun."""
