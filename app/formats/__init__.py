"""One module a file format: recognise, read rows, write what was rejected, write templates. No web, no database."""
