"""The whole service against a plain model of it: any sequence of what its users do, with faults in between."""
