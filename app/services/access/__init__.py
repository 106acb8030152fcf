"""Clients: their keys, scopes and grants, and the providers that they act for."""
