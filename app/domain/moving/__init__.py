"""Moving in: records of another system, with what their boards decided there."""
