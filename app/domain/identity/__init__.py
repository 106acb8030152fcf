"""Identity: physicians as the registry has them, as others name them, and who was found to be meant."""
