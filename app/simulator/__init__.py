"""A simulated board: it reads its feed over HTTP, stores what it reads, and decides by simple rules."""
