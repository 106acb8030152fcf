"""Hand-written SQL on two databases: running it, its parameters, sets of keys, bulk inserts, and rows read as values.

Statements are written once with `:name` parameters and run on the driver ([decision 17](docs/decisions)).
"""
