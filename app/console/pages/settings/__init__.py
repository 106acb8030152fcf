"""Settings of a provider: people, keys, webhooks, vendors, and what is on file of the provider itself."""

from __future__ import annotations

from app.console.pages.settings import keys, people, provider, vendors, webhooks

ROUTERS = (people.router, keys.router, webhooks.router, vendors.router, provider.router)
"""The pages of all settings."""
