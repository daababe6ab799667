"""`wrap` as a user writes it: checked by mypy and pyright, never run."""

import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

import wholejson

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]


def sync_use() -> wholejson.JSONStatus | None:
    client: openai.OpenAI = wholejson.wrap(openai.OpenAI())
    stream: openai.Stream[ChatCompletionChunk] = client.chat.completions.create(
        model="gpt-4o",
        messages=MESSAGES,
        stream=True,
        stream_options=wholejson.StreamOptions(valid_json_chunks=True, include_usage=True),
        response_format={"type": "json_object"},
    )
    status: wholejson.JSONStatus | None = None
    for chunk in stream:
        status = wholejson.json_status(chunk.choices[0])
        if status is not None and status["complete"]:
            print(status["repairs"] + 1, status.get("error"))
    return status


async def async_use(options: wholejson.StreamOptions) -> None:
    client: openai.AsyncOpenAI = wholejson.wrap(openai.AsyncOpenAI())
    stream = await client.with_options(max_retries=0).chat.completions.create(
        model="gpt-4o", messages=MESSAGES, stream=True, stream_options=options
    )
    async for chunk in stream:
        print(chunk.choices[0].delta.content)


strict: wholejson.StreamOptions = {"valid_json_chunks": {"repair": False, "root": "array"}}
thinned: wholejson.StreamOptions = {
    "valid_json_chunks": {
        "max_amplification": None,
        "every_ms": 50,
        "mode": "patch",
        "final": False,
    }
}
paced: openai.OpenAI = wholejson.wrap(openai.OpenAI(), max_amplification=64, mode="patch")


def the_document(choice: object) -> object:
    status = wholejson.json_status(choice)
    return None if status is None else status.get("document")
