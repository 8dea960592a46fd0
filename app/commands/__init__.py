"""One module for each command of the stable command line."""
