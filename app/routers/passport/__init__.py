"""CME Passport: what physicians look for, and what is reported about them."""
