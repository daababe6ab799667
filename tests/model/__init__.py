"""Slow, obvious descriptions of what the project does, written from its promises alone."""
