"""Batches: a file is taken in, read, applied record by record, and returned with the result of each record."""
