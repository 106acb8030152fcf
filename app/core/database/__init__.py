"""The database: connections, transactions, and what an error of it means."""
