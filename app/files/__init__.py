"""Files: what they are, their records as sent and what these mean, written back, and templates. No web, no database."""
