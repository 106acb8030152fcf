"""The transcript as a PDF: its words, and the template that lays them out."""
