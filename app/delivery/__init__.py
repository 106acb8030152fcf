"""Sending to others: webhooks with their signatures. No database: what is due and what became of it stands in rows."""
