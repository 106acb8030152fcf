"""Hooks and values for schemathesis (`make drill-fuzz`), which runs in a separate environment: no imports of `app`."""
