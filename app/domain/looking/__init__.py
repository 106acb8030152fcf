"""What is looked up over many records, as values."""
