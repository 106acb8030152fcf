"""Running an installation: opening it, proving its invariants, sealing what was committed."""
