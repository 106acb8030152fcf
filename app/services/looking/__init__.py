"""Looking at what stands: credit lines, with their filters resolved and their counts."""
