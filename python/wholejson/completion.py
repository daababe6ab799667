"""The completion that a stream of chunks adds up to, by the rules of the SDK's accumulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .shapes import changed, get, members, says

__all__ = ["Record"]

_PADDING = frozenset({"choices", "obfuscation"})


class _Run:
    """Chunks that differ in nothing but their text: the first one, and the texts."""

    def __init__(self, chunk: Any, text: str | None) -> None:
        self.chunk = chunk
        self.texts = [] if text is None else [text]

    def whole(self) -> Any:
        """Give one chunk with all the text."""
        if len(self.texts) < 2:
            return self.chunk
        choice = get(self.chunk, "choices")[0]
        delta = changed(get(choice, "delta"), {"content": "".join(self.texts)})
        return changed(self.chunk, {"choices": [changed(choice, {"delta": delta})]})


class Record:
    """The chunks of a stream as they came, kept in little space.

    Of chunks that say nothing but text only the text is kept, so that a long answer costs about
    its own length; everything else is kept as it is.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        # The run of each choice that still grows, and what its chunks say of themselves.
        self._open: dict[Any, tuple[_Run, dict[str, Any]]] = {}

    def add(self, chunk: Any) -> None:
        """Take a chunk. The cost doesn't depend on what came before."""
        text = _only_text(chunk)
        if text is None:
            self._open.clear()
            self._runs.append(_Run(chunk, None))
            return
        said = {name: value for name, value in members(chunk).items() if name not in _PADDING}
        index = get(get(chunk, "choices")[0], "index")
        run, before = self._open.get(index, (None, None))
        if run is None or before != said:
            run = _Run(chunk, text)
            self._runs.append(run)
            self._open[index] = (run, said)
        else:
            run.texts.append(text)

    def chunks(self) -> Iterator[Any]:
        """Give chunks that add up to the same as those that came."""
        return (run.whole() for run in self._runs)

    def completion(self) -> Any:
        """Give what the chunks add up to.

        :return: a dict for dicts; a ``ChatCompletion`` for the SDK's objects.
        :raises ValueError: if there were no chunks.
        :raises Exception: what the SDK's accumulator raises.
        """
        chunks = [chunk for chunk in self.chunks() if _is_chunk(chunk)]
        if not chunks:
            raise ValueError(
                'no completion: the stream had no chunk whose object is "chat.completion.chunk"'
            )
        if isinstance(chunks[0], dict):
            return _dict_completion(chunks)
        from openai.lib.streaming.chat import ChatCompletionStreamState

        state: Any = ChatCompletionStreamState()
        for chunk in chunks:
            state.handle_chunk(chunk)
        return state.get_final_completion()


def _is_chunk(chunk: Any) -> bool:
    return bool(get(chunk, "object") == "chat.completion.chunk")


def _only_text(chunk: Any) -> str | None:
    """Give the text of a chunk that says nothing else, `None` for any other."""
    choices = get(chunk, "choices")
    if (
        not isinstance(choices, list)
        or len(choices) != 1
        or not isinstance(get(choices[0], "index"), int)
    ):
        return None
    if any(
        says(value) for name, value in members(choices[0]).items() if name not in ("index", "delta")
    ):
        return None
    delta = get(choices[0], "delta")
    text = get(delta, "content")
    if not isinstance(text, str):
        return None
    return text if list(members(delta)) == ["content"] else None


def _dict_completion(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up dicts as the SDK's accumulator adds up its objects."""
    first, *others = chunks
    whole = {"system_fingerprint": None, **first, "object": "chat.completion"}
    whole.pop("obfuscation", None)
    whole["choices"] = [_new_choice(choice) for choice in first.get("choices") or ()]
    for chunk in others:
        for choice in chunk.get("choices") or ():
            _add_choice(whole["choices"], choice)
        whole["usage"] = chunk.get("usage")
        whole["system_fingerprint"] = chunk.get("system_fingerprint")
        if chunk.get("moderation") is not None:
            whole["moderation"] = chunk["moderation"]
    return whole


def _new_choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in choice.items() if name != "delta"}
    return {**said, "message": _sum({}, choice.get("delta") or {})}


def _add_choice(choices: list[dict[str, Any]], choice: Mapping[str, Any]) -> None:
    known = [each for each in choices if each.get("index") == choice.get("index")]
    if not known:
        choices.append(_new_choice(choice))
        return
    whole = known[0]
    whole["message"] = _sum(whole["message"], choice.get("delta") or {})
    if choice.get("finish_reason"):
        whole["finish_reason"] = choice["finish_reason"]
    logprobs = choice.get("logprobs")
    if isinstance(logprobs, dict):
        so_far = whole.get("logprobs") or {}
        whole["logprobs"] = {
            name: [*(so_far.get(name) or ()), *(logprobs.get(name) or ())]
            if so_far.get(name) or logprobs.get(name)
            else None
            for name in ("content", "refusal")
        }


def _sum(whole: dict[str, Any], delta: Mapping[str, Any]) -> dict[str, Any]:
    """Add a delta to what came before: strings and numbers add up, dicts and lists by member."""
    total = dict(whole)
    for name, value in delta.items():
        before = total.get(name)
        if name in ("index", "type"):
            total[name] = value
        elif isinstance(value, list) and any(isinstance(v, dict) and "index" in v for v in value):
            total[name] = _sum_indexed(list(before or ()), value)
        elif before is None:
            total[name] = value
        elif _adds_up(before, value):
            total[name] = before + value
        elif isinstance(before, dict) and isinstance(value, dict):
            total[name] = _sum(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            total[name] = [*before, *value]
    return total


def _adds_up(before: Any, value: Any) -> bool:
    return any(isinstance(before, kind) and isinstance(value, kind) for kind in (str, (int, float)))


def _sum_indexed(items: list[Any], fragments: list[Any]) -> list[Any]:
    """Add fragments of list items, such as tool calls, each to the item at its index."""
    for fragment in fragments:
        index = fragment.get("index") if isinstance(fragment, dict) else None
        if isinstance(index, int) and 0 <= index < len(items) and isinstance(items[index], dict):
            items[index] = _sum(items[index], fragment)
        else:
            items.append(fragment)
    return items
