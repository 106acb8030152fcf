"""Generated clients, proven against a running service."""
