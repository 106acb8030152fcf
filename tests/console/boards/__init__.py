"""CME Passport, in a browser without script."""
