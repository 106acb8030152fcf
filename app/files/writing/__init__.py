"""Writing: records go back as they were sent, each with its findings or its answer."""
