"""The registry of physicians: imports, synthetic physicians, and validations against it."""
