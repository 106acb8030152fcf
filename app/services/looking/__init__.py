"""Looking: what is read over many records, for people and for systems."""
