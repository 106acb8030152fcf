"""Learner completions as they stand: read, listed, corrected, withdrawn."""
