"""Chat completions as providers write them: whole, and in chunks."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Answer", "tokens"]

# Words with the space before them, groups of digits, runs of punctuation, white space: the
# pieces that tokenizers of current models begin with.
_PIECES = re.compile(r" ?[^\W\d_]+|\d{1,3}|[^\w\s]{1,4}|_|\s+")
_LONG = 9


def tokens(text: str, rng: random.Random) -> list[str]:
    """Cut a text into tokens of realistic size; joined they are the text again."""
    found: list[str] = []
    end = 0
    for match in _PIECES.finditer(text):
        if match.start() > end:
            found.append(text[end : match.start()])
        end = match.end()
        piece = match.group()
        while len(piece) > _LONG:
            cut = rng.randint(3, 7)
            found.append(piece[:cut])
            piece = piece[cut:]
        # Now and then one delta brings several tokens.
        if found and rng.random() < 0.08:
            found[-1] += piece
        else:
            found.append(piece)
    if end < len(text):
        found.append(text[end:])
    return found


class Answer:
    """One answer: the tokens of each choice, and what stands around them.

    With ``call``, the name of a function, the tokens are the arguments of one call of it.
    """

    def __init__(
        self,
        *,
        identifier: str,
        created: int,
        model: str,
        choices: list[list[str]],
        prompt: int,
        usage: bool,
        logprobs: bool,
        call: str | None = None,
    ) -> None:
        self.identifier = identifier
        self._head = {"created": created, "model": model}
        self._choices = choices
        self._logprobs = logprobs
        self._usage = usage
        self._call = call
        written = sum(map(len, choices))
        self._counted = {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }

    def whole(self) -> dict[str, Any]:
        """Give the answer to a request that does not stream."""
        return {
            "id": self.identifier,
            "object": "chat.completion",
            **self._head,
            "choices": [
                {
                    "index": index,
                    "message": self._message(index, "".join(words)),
                    "logprobs": _logprobs(words) if self._logprobs else None,
                    "finish_reason": self._reason,
                }
                for index, words in enumerate(self._choices)
            ],
            "usage": self._counted,
            "system_fingerprint": "fp_replay",
        }

    @property
    def _reason(self) -> str:
        return "stop" if self._call is None else "tool_calls"

    def _message(self, index: int, text: str, *, of_stream: bool = False) -> dict[str, Any]:
        """Give a message; of a stream the first delta, which says where a call is in its list."""
        if self._call is None:
            return {"role": "assistant", "content": text, "refusal": None}
        call = {
            **({"index": 0} if of_stream else {}),
            "id": f"call_{self.identifier[-24:]}{index}",
            "type": "function",
            "function": {"name": self._call, "arguments": text},
        }
        return {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None}

    def _delta(self, word: str) -> str:
        if self._call is None:
            return f'{{"content":{_dump(word)}}}'
        return f'{{"tool_calls":[{{"index":0,"function":{{"arguments":{_dump(word)}}}}}]}}'

    def events(self) -> Iterator[bytes]:
        """Give the events of the answer's stream, the choices interleaved."""
        head = {"id": self.identifier, "object": "chat.completion.chunk", **self._head}
        before = _dump({**head, "system_fingerprint": "fp_replay"})[:-1] + ',"choices":[{"index":'
        after = "]" + (',"usage":null' if self._usage else "") + "}\n\n"
        before = "data: " + before

        def event(index: int, delta: str, logprobs: str = "null", reason: str = "null") -> bytes:
            choice = f'{index},"delta":{delta},"logprobs":{logprobs},"finish_reason":{reason}}}'
            return (before + choice + after).encode()

        for index in range(len(self._choices)):
            yield event(index, _dump(self._message(index, "", of_stream=True)))
        for at in range(max(map(len, self._choices))):
            for index, words in enumerate(self._choices):
                if at < len(words):
                    logprobs = _dump(_logprobs([words[at]])) if self._logprobs else "null"
                    yield event(index, self._delta(words[at]), logprobs)
        for index in range(len(self._choices)):
            yield event(index, "{}", reason=f'"{self._reason}"')
        if self._usage:
            last = {**head, "system_fingerprint": "fp_replay", "choices": []}
            yield f"data: {_dump({**last, 'usage': self._counted})}\n\n".encode()
        yield b"data: [DONE]\n\n"


def _dump(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: only an escape can say it
        return json.dumps(value, separators=(",", ":"))
    return text


def _logprobs(words: list[str]) -> dict[str, Any]:
    found = [
        {
            "token": word,
            "logprob": round(-1.0 / (len(word) + 1), 6),
            "bytes": list(word.encode("utf-8", "replace")),
            "top_logprobs": [],
        }
        for word in words
    ]
    return {"content": found, "refusal": None}
