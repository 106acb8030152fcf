"""The database: engines, transactions, group commit, and what its errors mean."""
