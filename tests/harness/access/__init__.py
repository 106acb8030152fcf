"""The matrix of access: who may do what, written by hand, and everybody asking for everything."""
