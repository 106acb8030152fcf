"""The pages for people: they speak to the services as routers do, and hold no rule of their own.

A page is one route, one template, one test; `docs/console.md` shows how one is made.
"""
