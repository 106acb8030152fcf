"""Routes for looking at what stands."""
