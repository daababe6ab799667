"""The gateway as processes: sockets, workers, metrics, and an end that cuts nothing silently."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import uvicorn

from .config import Settings

if TYPE_CHECKING:
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


class _Server(uvicorn.Server):
    """A server that knows when it has been told to stop."""

    def run(self, sockets: Any = None) -> None:
        _servers.append(self)
        super().run(sockets)


_servers: list[_Server] = []


def _ready() -> bool:
    return not any(server.should_exit for server in _servers)


def worker() -> ASGIApp:
    """Give the app of one worker process, as the environment describes it."""
    from .app import compose
    from .metrics import Metrics

    return compose(Settings(), Metrics())


def run(settings: Settings) -> int:
    """Serve until told to stop; give the exit status.

    Says on stderr where it listens, once it does. On SIGTERM or SIGINT it takes no new
    connections; streams have `shutdown_grace` seconds to finish, and then end: those with the
    flag by an error event, all others by a broken connection.
    """
    _raise_file_limit()
    config = uvicorn.Config(
        _WORKER,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="auto",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=_LOGS,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.shutdown_grace,
    )
    socket = config.bind_socket()
    port = socket.getsockname()[1]
    with contextlib.ExitStack() as stack:
        stack.callback(socket.close)
        if settings.workers > 1:
            _serve_many(settings, config, socket, port, stack)
        else:
            _serve_one(settings, config, socket, port)
    return 0


def _serve_one(settings: Settings, config: uvicorn.Config, socket: Any, port: int) -> None:
    from .app import compose
    from .metrics import Metrics, serve_metrics

    metrics = Metrics()
    config.app, config.factory = compose(settings, metrics, _ready), False
    if settings.metrics_port is not None:
        at = serve_metrics(settings.metrics_host, settings.metrics_port, metrics.registry)
        _say_metrics(settings, at)
    _say(settings, port)
    _Server(config).run([socket])


def _serve_many(
    settings: Settings, config: uvicorn.Config, socket: Any, port: int, stack: contextlib.ExitStack
) -> None:
    from uvicorn.supervisors import Multiprocess

    settings.export()
    if settings.metrics_port is not None:
        folder = tempfile.mkdtemp(prefix="wholejson-metrics-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        from .metrics import serve_metrics

        _say_metrics(settings, serve_metrics(settings.metrics_host, settings.metrics_port, None))
    _say(settings, port)
    Multiprocess(config, target=_Server(config).run, sockets=[socket]).run()


def _say(settings: Settings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    what = "replayed documents" if settings.replay else settings.upstream
    print(f"wholejson: listening on http://{host}:{port}/v1, serving {what}", file=sys.stderr)


def _say_metrics(settings: Settings, port: int) -> None:
    print(f"wholejson: metrics on http://{settings.metrics_host}:{port}/metrics", file=sys.stderr)


def _raise_file_limit() -> None:
    """Allow as many open files as the system lets us: each stream needs two."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
