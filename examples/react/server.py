"""An endpoint whose answer a page shows while the model writes it.

::

    uvicorn server:app

`OPENAI_API_KEY` and `OPENAI_BASE_URL` name the provider, as everywhere; `MODEL` the model.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import openai
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from wholejson.asgi import ValidJSONChunks

MODEL = os.environ.get("MODEL", "gpt-4o-mini")
SYSTEM = """Answer with a recipe, as JSON: title, minutes, vegetarian (boolean), ingredients
(a list of objects with name and amount), steps (a list of texts)."""

app = FastAPI()
app.add_middleware(ValidJSONChunks)
client = openai.AsyncOpenAI()


class Ask(BaseModel):
    """What the page may say; the rest of the request to the provider is ours."""

    dish: str = Field(min_length=1, max_length=200)


@app.post("/api/recipe/chat/completions")
async def recipe(ask: Ask) -> StreamingResponse:
    """Stream a recipe. The middleware makes each chunk whole, where the page asks for it."""
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": ask.dish},
        ],
        response_format={"type": "json_object"},
        stream=True,
    )

    async def events() -> AsyncIterator[str]:
        async with stream:  # a page that is closed ends the model's work
            async for chunk in stream:
                yield f"data: {chunk.model_dump_json()}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


app.mount("/", StaticFiles(directory=Path(__file__).parent / "public", html=True))
