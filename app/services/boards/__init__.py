"""Boards: their feeds, their daily files, their decisions."""
