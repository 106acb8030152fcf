"""Access: the credentials of clients, and what is wrong with those that open nothing."""
