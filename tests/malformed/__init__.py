"""Malformed documents, made on purpose: a seeded generator, and the relation that updates keep."""
