"""Commands that take over the records of another system."""
