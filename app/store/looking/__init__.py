"""Looking at what stands: credit lines, counted and narrowed, over any number of records."""
