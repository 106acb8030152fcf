"""Files with the records of another system: lines and rows of exports, PARS documents."""
