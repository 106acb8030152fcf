"""HTTP, one file a noun: declarations that end in one call of a service."""
