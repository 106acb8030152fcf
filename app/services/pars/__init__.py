"""What clients that speak PARS ask for: documents of completions and activities, and questions about them."""
