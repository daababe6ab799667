"""The gateway as an application on Ray Serve: as many replicas as you like, on many machines.

::

    WHOLEJSON_UPSTREAM=https://api.openai.com/v1 serve run deploy.ray_serve:app

Why it is as it is: docs/scale.md. Tested by tests/ray/.
"""

import os

from ray import serve

from wholejson import Limits
from wholejson.asgi import ValidJSONChunks
from wholejson.proxy import ReverseProxy


def build() -> ValidJSONChunks:
    """Give the ASGI app of one replica. A function, because each replica makes its own."""
    upstream = ReverseProxy(os.environ["WHOLEJSON_UPSTREAM"])
    return ValidJSONChunks(
        upstream,
        limits=Limits(document=8 << 20),
        heartbeat=15.0,
        max_held_bytes=512 << 20,
    )


@serve.deployment(
    num_replicas=int(os.environ.get("WHOLEJSON_REPLICAS", "2")),
    max_ongoing_requests=2000,  # streams are long: the default of 5 would be the limit
    graceful_shutdown_timeout_s=600,  # how long a replica that is stopped waits for its streams
    ray_actor_options={"num_cpus": 1},
)
@serve.ingress(build)
class Gateway:
    """One process of the gateway."""


app = Gateway.bind()
