"""The configuration of the gateway: command line over environment over defaults."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["Settings"]

_MIB = 1 << 20
_PREFIX = "WHOLEJSON_"
_VERSION = re.compile(r"/v\d")


class Settings(BaseSettings):
    """The settings of one gateway; each can be set as ``WHOLEJSON_<NAME>`` in the environment.

    Raises ``pydantic.ValidationError`` for what does not fit, without showing any value;
    :func:`wholejson.server.wrong.told` words it.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    upstream: str | None = None
    """The provider's base URL as the SDKs take it, `/v1` included."""
    upstream_key: SecretStr | None = None
    """The provider's key. Without it the clients' own keys pass through."""
    replay: bool = False
    """Serve documents from here instead of an upstream."""
    replay_pace: float = Field(default=0.02, ge=0)
    """Seconds between two events of a replayed document."""
    replay_faults: bool = False
    """Obey `x-replay-fault` in requests: for tests."""
    playground: bool = False
    """Serve a page at `/` that shows streams with and without the flag."""
    client_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Keys of which clients must present one; separated by commas in the environment."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where Prometheus finds its metrics; none are served without it."""

    max_amplification: int = Field(default=64, ge=0)
    """How many times the bytes of its text the snapshots of a choice may have; 0 for no limit."""
    heartbeat: float = Field(default=15.0, ge=0)
    """Seconds of silence after which a stream with the flag gets a comment; 0 for never."""
    request_timeout: float = Field(default=60.0, gt=0)
    """Seconds for a request to arrive in."""
    connect_timeout: float = Field(default=5.0, gt=0)
    first_byte_timeout: float = Field(default=600.0, gt=0)
    idle_timeout: float = Field(default=300.0, gt=0)
    shutdown_delay: float = Field(default=0.0, ge=0)
    """Seconds to go on taking requests when told to stop, while `/readyz` says 503."""
    shutdown_grace: int = Field(default=30, ge=0)
    """Seconds for streams to finish when the gateway is told to stop."""

    max_request_bytes: int = Field(default=64 * _MIB, gt=0)
    max_document_bytes: int = Field(default=8 * _MIB, gt=0)
    """Text of one stream with the flag."""
    max_requests: int = Field(default=2000, gt=0)
    """Requests at the same time in one process; more are answered with 503."""
    max_process_bytes: int = Field(default=512 * _MIB, gt=0)
    """Text that all streams with the flag hold together in one process."""

    @field_validator("client_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            keys = tuple(key.strip() for key in value.split(",") if key.strip())
            if value and not keys:  # whoever sets it wants a door: none must stand open for it
                raise ValueError("must name at least one key; leave it out if clients need none")
            return keys
        return value

    @field_validator("upstream")
    @classmethod
    def _is_base_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(
                    "must be a base URL that begins with http:// or https://, such as "
                    "https://api.openai.com/v1"
                )
            if parts.username or parts.password or parts.query or parts.fragment:
                raise ValueError("must have no credentials, query or fragment")
            if parts.path.rstrip("/").endswith("/chat/completions"):
                raise ValueError("must be a base URL, without /chat/completions at its end")
        return value

    @model_validator(mode="after")
    def _is_sound(self) -> Settings:
        if self.upstream is None and not self.replay:
            raise ValueError(
                f"say what to serve: --upstream URL (or {_PREFIX}UPSTREAM), or --replay for "
                "documents of its own"
            )
        if self.upstream is not None and self.replay:
            raise ValueError(
                f"--upstream (or {_PREFIX}UPSTREAM) and --replay (or {_PREFIX}REPLAY) are both "
                "given: leave one out"
            )
        if self.shutdown_delay and self.workers > 1:
            raise ValueError(
                f"{_PREFIX}SHUTDOWN_DELAY goes with one worker: start several gateways, each on "
                "a port of its own, behind what is to notice that one stops"
            )
        if self.upstream_key is not None and not self.client_keys and not _loopback(self.host):
            raise ValueError(
                "this gateway holds the upstream's key: it does not listen beyond loopback, "
                f"where anybody could spend it, unless {_PREFIX}CLIENT_KEYS names keys that "
                "clients must present"
            )
        return self

    def doubts(self, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
        """Give a sentence for whatever is allowed, and most likely not meant."""
        if self.upstream is not None and not _VERSION.search(urlsplit(self.upstream).path):
            base = self.upstream.rstrip("/")
            yield (
                f"the upstream's URL names no version: requests go to {base}/chat/completions. "
                f"If that is not there, try --upstream {base}/v1"
            )
        known = [name.upper() for name in type(self).model_fields]
        for name in sorted(environment):
            said = name.upper().removeprefix(_PREFIX)
            if said == "CLIENT_KEYS" and name.upper() != said and not environment[name]:
                yield f"{name} is set, but empty: clients need no key of this gateway"
            if name.upper().startswith(_PREFIX) and said not in known:
                near = difflib.get_close_matches(said, known, n=1, cutoff=0.7)
                remedy = f"; did you mean {_PREFIX}{near[0]}?" if near else ""
                yield f"{name} in the environment is no setting, and is not read{remedy}"

    def export(self) -> None:
        """Write the settings into the environment, where the worker processes read them."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            elif isinstance(value, tuple):
                value = ",".join(key.get_secret_value() for key in value)
            if value is None:
                os.environ.pop(_PREFIX + name.upper(), None)
            else:
                os.environ[_PREFIX + name.upper()] = str(value)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
