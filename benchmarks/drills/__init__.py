"""Drills: servers, workers and boards are killed, loaded and fuzzed; what they answered must hold."""
