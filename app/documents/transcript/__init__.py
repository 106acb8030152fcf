"""The transcript as a PDF: letters that can be printed, words, and the template."""
