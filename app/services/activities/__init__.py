"""Activities: registered, changed, listed, closed, one by one or from a file."""
