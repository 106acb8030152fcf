"""The sandbox's providers: who may report for them, and what a report for them meets."""
