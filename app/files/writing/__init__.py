"""Writing records back as they were sent, with what became of each."""
