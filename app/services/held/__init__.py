"""Held records: judged again, corrected, set aside, and the operator's help with them."""
