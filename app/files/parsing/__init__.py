"""Parsing: recognises a file, and reads its records as they were sent. Runs in a process of its own."""
