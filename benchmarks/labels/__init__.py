"""Labels that are wrong: made on purpose, found, and what is to be done about them."""
