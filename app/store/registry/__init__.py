"""The registry of physicians: as reports look it up, as imports write it, and its comparison keys."""
