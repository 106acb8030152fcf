"""Instruments: a load generator, processor time, memory of a worker."""
