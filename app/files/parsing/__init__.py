"""Reading files: what each is, and its records as they were sent. Runs in a process of its own."""
