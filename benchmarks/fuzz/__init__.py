"""What `make drill-fuzz` hands to schemathesis, which runs in an environment of its own: nothing here imports `app`."""
