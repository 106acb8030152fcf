"""Lines with the records of another system."""
