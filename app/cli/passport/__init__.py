"""Commands about CME Passport: one module a noun."""
