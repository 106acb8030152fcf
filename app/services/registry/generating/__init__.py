"""Synthetic physicians: people, families and numbers, into the registry or into files."""
