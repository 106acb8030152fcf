"""The national provider file: its layout, its rows, and their import."""
