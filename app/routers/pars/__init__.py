"""`/pars`: what clients that speak PARS ask for, in XML or JSON."""
