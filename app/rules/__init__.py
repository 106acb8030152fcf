"""The reporting rules, one small pure function each, and the catalogue of boards they read."""
