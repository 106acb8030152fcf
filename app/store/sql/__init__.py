"""Hand-written SQL on two databases: running it, its parameters, sets of keys, bulk inserts, and rows read as values.

Why by hand: docs/decisions/0017-hand-written-sql.md.
"""
