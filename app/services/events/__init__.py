"""Providers' events, webhook endpoints, and the deliveries sent to them."""
