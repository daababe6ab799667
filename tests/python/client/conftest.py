"""The provider, and the SDK that calls it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.sdk import Caller, Provider, running


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture(params=["sync", "async"])
def caller(provider: Provider, request: pytest.FixtureRequest) -> Caller:
    return Caller(provider, request.param)
