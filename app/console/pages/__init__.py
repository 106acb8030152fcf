"""The pages: one module each, with its routes and the values that it gives to its template."""
