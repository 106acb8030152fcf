"""Files: parsing, mapping to values, writing back, and templates; each format is one entry. No web, no database."""
