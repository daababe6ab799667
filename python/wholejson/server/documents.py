"""What ``--replay`` and the demo stream."""

from __future__ import annotations

__all__ = ["DOCUMENTS", "FIRST"]

FIRST = """{
"name": "John Doe",
"age": 30,
"email": "john.doe@example.com"
}"""

_ORDER = """{
  "order": 10482,
  "customer": {"name": "Zoë Müller", "member": true},
  "items": [
    {"sku": "A-100", "title": "Espresso cups, set of 4", "price": 24.90, "tags": ["kitchen", "gift"]},
    {"sku": "B-220", "title": "Moka pot \\"Classic\\" – 6 cups", "price": 39.50, "tags": []}
  ],
  "note": "Leave it with the neighbour, please. Thank you! \\ud83d\\ude4f",
  "discount": null
}"""  # noqa: E501

_TEXT = "Why don't scientists trust atoms?\n\nBecause they make up everything!"

DOCUMENTS = {"gpt-4o": FIRST, "gpt-4o-mini": _ORDER, "gpt-4.1": _TEXT}
"""Texts by the name of the model that streams them; any other model streams the first."""
