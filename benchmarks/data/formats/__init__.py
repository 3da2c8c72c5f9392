"""File formats, one module each; `recognise` tells which one a path is in."""
