"""Pages of CME Passport: for physicians, and for everybody who looks for an activity or checks a transcript."""

from __future__ import annotations

from app.console.pages.passport import join, my_credits, settings, transcript, verify

ROUTERS = (join.router, my_credits.router, transcript.router, settings.router, verify.router)
