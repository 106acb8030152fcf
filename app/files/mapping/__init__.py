"""What a record of a file means: rows, elements and lines as the values that every door makes."""
