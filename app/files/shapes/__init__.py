"""PARS documents by their shape: what may stand where, in XML and in JSON, and the schemas that say so."""
