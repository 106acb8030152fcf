"""CME Passport: physicians find activities, see the credit that was reported for them, and hand over a transcript."""
