"""HTTP without business terms: strict reading of requests, problems, pages, headers."""
