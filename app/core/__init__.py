"""Plumbing without business words."""
