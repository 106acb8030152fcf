"""Sending webhooks: addresses, signatures, one attempt. No database: deliveries and their outcomes are rows of it."""
