"""What the tests of chunk objects share; they also run with other versions of the SDK."""

from __future__ import annotations

import os

from hypothesis import settings

# The same random cases every time, unless more are asked for: `make proof` looks for new ones.
settings.register_profile("same", derandomize=True)
settings.load_profile("default" if os.environ.get("WHOLEJSON_DOCUMENTS") else "same")
