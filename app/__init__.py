"""Reporting of learner credit for accredited medical education."""

__version__ = "0.1.0"
