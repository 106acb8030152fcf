"""Looking at what stands, over HTTP."""
