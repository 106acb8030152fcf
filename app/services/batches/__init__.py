"""Batches: a file is taken in, read, applied row by row, and given back with what became of each."""
