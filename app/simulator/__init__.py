"""A simulated board: it reads its feed over HTTP, keeps what it is told, and decides by simple rules."""
