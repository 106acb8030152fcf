"""The verbs: plain functions that enforce the rules against the store."""
