"""HTTP of what is read over many records."""
