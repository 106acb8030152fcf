"""HTTP without business words: reading requests strictly, problems, pages, headers."""
