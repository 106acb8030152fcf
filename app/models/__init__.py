"""Tables, declared once, in portable types. Queries are the store's."""
