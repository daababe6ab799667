"""The gateway as processes: sockets, workers, metrics, and an end that cuts nothing silently."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import uvicorn

from .config import Settings
from .connection import Connection

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from wholejson._http.types import ASGIApp

__all__ = ["run", "worker"]

_WORKER = "wholejson.server.run:worker"
_LOGS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(message)s"}},
    "filters": {"told": {"()": "wholejson.server.run.Told"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["told"],
            "stream": "ext://sys.stderr",
        }
    },
    "loggers": {
        "wholejson": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}


class Told(logging.Filter):
    """Leaves out what the access log says better, and every traceback: they quote what failed."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be written."""
        record.exc_info, record.exc_text = None, None
        return "without completing response" not in record.getMessage()


# Connections that may wait to be taken: as many as uvicorn's own sockets let wait.
_BACKLOG = 2048
# Seconds in which a connection that was just taken brings its request.
_ON_ITS_WAY = 0.1


class Server(uvicorn.Server):
    """Ends so that a request which is on its way is still answered.

    :param delay: seconds to go on taking requests when told to stop. `/readyz` says by then that
        no more should be sent.
    """

    def __init__(self, config: uvicorn.Config, delay: float) -> None:
        super().__init__(config)
        self._delay = delay

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, later those that wait for a request, at last the streams."""
        end = time.monotonic() + self._delay
        while time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(0.05)
        for server in self.servers:
            server.close()
        await asyncio.sleep(_ON_ITS_WAY)
        await super().shutdown(sockets)


def worker() -> ASGIApp:
    """Give the app of one worker process, as the environment describes it."""
    from .app import compose
    from .metrics import Metrics

    settings = Settings()
    Connection.patience = settings.request_timeout
    return compose(settings, Metrics())


def run(settings: Settings) -> int:
    """Serve until told to stop; give the exit status.

    Says on stderr where it listens, once it does. On SIGTERM or SIGINT it takes no new
    connections, after `shutdown_delay` seconds; streams have `shutdown_grace` seconds to finish,
    and then end: those with the flag by an error event, all others by a broken connection.
    """
    _raise_file_limit()
    options: dict[str, Any] = {
        "host": settings.host,
        "loop": "auto",
        "http": Connection,
        "ws": "none",
        "lifespan": "on",
        "log_config": _LOGS,
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": settings.shutdown_grace,
    }
    with contextlib.ExitStack() as stack:
        if settings.workers > 1:
            _serve_many(settings, options, stack)
        else:
            _serve_one(settings, options, stack)
    return 0


def _serve_one(settings: Settings, options: dict[str, Any], stack: contextlib.ExitStack) -> None:
    from .app import compose
    from .metrics import Metrics

    metrics = Metrics()
    Connection.patience = settings.request_timeout
    server: Server | None = None
    app = compose(settings, metrics, lambda: server is not None and not server.should_exit)
    server = Server(uvicorn.Config(app, **options), settings.shutdown_delay)
    bound = _bound(settings)
    stack.callback(bound.close)
    _metrics(settings, metrics.registry)
    _say(settings, bound.getsockname()[1])
    server.run([bound])


def _serve_many(settings: Settings, options: dict[str, Any], stack: contextlib.ExitStack) -> None:
    with _bound(settings) as bound:  # is the address free, and which port is it?
        port = bound.getsockname()[1]
        settings.export()
        if settings.metrics_port is not None:
            folder = tempfile.mkdtemp(prefix="wholejson-metrics-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            _metrics(settings, None)
    _say(settings, port)
    uvicorn.run(_WORKER, factory=True, port=port, workers=settings.workers, **options)


def _bound(settings: Settings) -> socket.socket:
    """Give a socket that listens on the address; raise `OSError` if it is taken.

    It listens before anything is said or served beside it: what is said is true then, and the
    metrics cannot take the same address.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise _taken(settings.host, settings.port, error) from error
    return bound


def _metrics(settings: Settings, registry: CollectorRegistry | None) -> None:
    """Serve metrics, and say where; raise `OSError` if the address is taken."""
    from .metrics import serve_metrics

    host, port = settings.metrics_host, settings.metrics_port
    if port is None:
        return
    try:
        port = serve_metrics(host, port, registry)
    except OSError as error:
        raise _taken(host, port, error, " for metrics") from error
    print(f"wholejson: metrics on http://{_address(host, port)}/metrics", file=sys.stderr)


def _taken(host: str, port: int, error: OSError, what: str = "") -> OSError:
    address = _address(host, port)
    return OSError(f"cannot listen on {address}{what}: {error.strerror or error}")


def _address(host: str, port: int) -> str:
    """Write an address as it stands in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _say(settings: Settings, port: int) -> None:
    address = _address(settings.host, port)
    what = "replayed documents" if settings.replay else settings.upstream
    print(f"wholejson: listening on http://{address}/v1, serving {what}", file=sys.stderr)
    if settings.playground:
        print(f"wholejson: playground on http://{address}/", file=sys.stderr)


def _raise_file_limit() -> None:
    """Allow as many open files as the system lets us: each stream needs two."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
