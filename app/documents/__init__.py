"""Documents for people: a value goes in, a file comes out. Nothing here knows the database or the web."""
