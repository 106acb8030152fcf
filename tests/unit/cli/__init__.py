"""The command line by itself."""
