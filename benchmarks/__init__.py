"""Speeds as ratios: each row measures ours and its floor or peer in the same run."""
