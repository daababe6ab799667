"""Adapters for other people's servers, a file each; none holds logic of its own."""
