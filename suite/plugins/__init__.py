"""How plug-ins are found and describe themselves: read from their files, without importing them."""
