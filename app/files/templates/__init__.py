"""Templates: what somebody fills in and uploads."""
