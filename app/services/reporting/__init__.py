"""The one way in: reports are loaded, matched, placed, judged and saved."""
