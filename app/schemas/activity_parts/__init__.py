"""Parts of activities that have fields of their own."""
