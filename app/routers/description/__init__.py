"""The OpenAPI description: what the framework writes is completed from what the routes declare."""
