"""Speeds as ratios: each row measures the service and its floor or peer in the same run."""
