"""Templates: files to fill in and upload."""
