"""``python -m wholejson``: the command line."""

from .cli import main

main()
