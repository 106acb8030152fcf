"""The sandbox: who is in it, what takes place, and what is answered when, all from `sandbox.toml`. No database."""
