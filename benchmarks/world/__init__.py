"""The subjects of measurement: an installation, many completions and credits, files, a webhook receiver."""
