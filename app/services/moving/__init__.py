"""Moving in: what another system has kept is taken over, without telling boards again."""
