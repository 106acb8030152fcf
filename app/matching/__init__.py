"""Comparison and decision of identity: pure functions over candidates that were loaded before."""
