"""How the API describes itself: what the framework writes is completed from what the routes declare."""
