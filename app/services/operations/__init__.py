"""Running an installation: opening it, checking its invariants and its health, sealing commits."""
