"""How each network is asked about the labelled files of a corpus, as its package is or trained anew in every fold."""
