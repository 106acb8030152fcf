"""Identity measured: FEBRL 4 beside Splink and recordlinkage, and synthetic registries with slips."""
