"""`wholejson replay FILE`: a recorded stream, run through every mode."""

from __future__ import annotations

import itertools
import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest
from serving import DONE, event
from test_cli import COMMAND, ENVIRONMENT, run

import wholejson
from wholejson.recording import Run, blocks

SHREDS = ['{"name', '":"', "John", " Doe", '", "tags": [', '"a", "b', '"]}']
STREAM = b"".join(event(shred) for shred in SHREDS) + event(reason="stop") + DONE
MALFORMED = event("Sure: {'a': Tr") + event("ue, 'b': 24.90}") + event(reason="stop") + DONE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answer.sse"
    path.write_bytes(STREAM)
    return path


def as_json(*arguments: str, stdin: bytes = b"") -> Any:
    status, out, err = run("replay", *arguments, "--json", stdin=stdin)
    assert (0, "") == (status, err)
    return json.loads(out)


def test_all_modes_are_compared_and_nothing_but_data_is_on_stdout(file: Path) -> None:
    said = as_json(str(file))
    assert ["snapshot", "paced", "patch"] == list(said["runs"])
    assert (len("".join(SHREDS)), []) == (said["text_bytes"], said["repairs"])
    for options, name in ({}, "snapshot"), ({"mode": "patch"}, "patch"):
        transformer = wholejson.ChunkTransformer(**options)  # type: ignore[arg-type]
        out = b"".join(map(transformer.feed, blocks([STREAM]))) + transformer.finish()
        report = transformer.report
        assert report == {key: said["runs"][name][key] for key in report}
        assert len(out) == said["runs"][name]["bytes_out"]


def test_everything_that_was_sent_is_shown_with_its_time(file: Path) -> None:
    said = as_json(str(file), "--mode", "snapshot", "--all", "--rate", "10")
    sent = [each for each in said["runs"]["snapshot"]["sent"] if each["contents"]]
    snapshots = [each["contents"][0]["content"] for each in sent]
    assert [*wholejson.snapshots(SHREDS), snapshots[-1]] == snapshots
    assert [0.2, 0.3, 0.5, 0.7] == [each["seconds"] for each in sent]
    assert [3, 4, 6, 8] == [each["event"] for each in sent]
    assert (0.2, 4) == (
        said["runs"]["snapshot"]["longest_pause_seconds"],
        said["runs"]["snapshot"]["longest_pause_at_event"],
    )


def test_patches_lead_to_the_last_value(file: Path) -> None:
    said = as_json(str(file), "--mode", "patch", "--all")
    value: Any = None
    for each in said["runs"]["patch"]["sent"]:
        for content in each["contents"]:
            value = wholejson.apply_operations(value, json.loads(content["content"]))
    assert {"name": "John Doe", "tags": ["a", "b"]} == value


def test_a_pace_is_kept_by_the_clock_that_is_assumed(tmp_path: Path) -> None:
    path = tmp_path / "long.sse"
    text = json.dumps(["word"] * 400)
    parts = [text[at : at + 4] for at in range(0, len(text), 4)]
    path.write_bytes(b"".join(map(event, parts)) + event(reason="stop") + DONE)
    runs = as_json(str(path), "--every-ms", "1000", "--rate", "100", "--all")["runs"]
    times = [each["seconds"] for each in runs["paced"]["sent"] if each["contents"]]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert min(gaps[:-1]) >= 0.999
    assert abs(len(times) - len(parts) / 100) < 3
    assert len(runs["snapshot"]["sent"]) > 300
    last = [runs[mode]["last"]["contents"] for mode in ("snapshot", "paced")]
    assert last[0] == last[1]


def test_repairs_are_listed_with_their_places(tmp_path: Path) -> None:
    said = as_json("-", stdin=MALFORMED)
    kinds = [(each["offset"], each["kind"]) for each in said["repairs"]]
    assert ("literal", 3) == (kinds[1][1], said["runs"]["patch"]["repairs"])
    assert 3 == len(kinds)
    status, out, _ = run("replay", "-", stdin=MALFORMED)
    assert 0 == status
    assert f"at offset {kinds[0][0]}" in out
    assert '"b": 24.90' in out


def test_arguments_of_tool_calls_are_shown_where_that_is_asked_for(tmp_path: Path) -> None:
    parts = ['{"city": "Par', 'is"}']
    calls = [
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": part}}]}
        for part in parts
    ]
    stream = b"".join(event(delta=call) for call in calls) + event(reason="tool_calls") + DONE
    status, out, err = run("replay", "-", stdin=stream)
    assert (1, True) == (status, "no document" in out)
    assert "--tool-calls" in err
    said = as_json("-", "--tool-calls", "--mode", "snapshot", "--all", stdin=stream)
    contents = [x for each in said["runs"]["snapshot"]["sent"] for x in each["contents"]]
    assert {"choice": 0, "tool_call": 0, "arguments": '{"city": "Par"}'} == contents[0]
    assert '{"city": "Paris"}' == contents[-1]["arguments"]


def test_strict_reading_says_what_the_error_would_have_been() -> None:
    status, out, err = run("replay", "-", "--no-repair", "--json", stdin=MALFORMED)
    assert (1, "invalid_json") == (status, json.loads(out)["runs"]["snapshot"]["error"])
    assert "would have ended with the error" in err
    assert "nothing would have been shown: the error came before there was a value" in err


@pytest.mark.parametrize("command", [["sse"], ["replay", "-"]])
def test_malformed_arguments_are_not_called_absent(command: list[str]) -> None:
    function = {"name": "f", "arguments": "{a: 1}"}
    calls = [{"index": 0, "id": "c", "type": "function", "function": function}]
    choice = {"index": 0, "delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}
    stream = b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode() + DONE
    status, _, err = run(*command, "--tool-calls", stdin=stream)
    assert (1, True) == (status, "malformed arguments are not repaired" in err)


def test_tables_have_a_row_for_each_figure_and_both_ends_of_what_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "long.sse"
    shreds = ["[1", *[f",{number}" for number in range(50)], "]"]
    path.write_bytes(b"".join(map(event, shreds)) + event(reason="stop") + DONE)
    status, out, err = run("replay", str(path))
    assert (0, "") == (status, err)
    for row in ("how it ended", "bytes in → out", "longest pause", "snapshot", "paced", "patch"):
        assert row in out
    status, out, _ = run("replay", str(path), "--mode", "snapshot")
    assert "more: --all shows them" in out
    assert "[1, 0, 1, 2" in out
    assert "after event ┃ seconds ┃ bytes ┃ content" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 110
    status, out, _ = run("replay", str(path), "--mode", "snapshot", "--all")
    assert "more: --all" not in out
    assert out.count("│") > 4 * 50


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["no-such-file"], 2, "cannot read no-such-file: No such file"),
        (["."], 2, "cannot read"),
        (["-", "--mode", "loud"], 2, "mode"),
        (["-", "--rate", "0"], 2, "rate"),
        (["-"], 1, "there is no event in it"),
        (["-", "--mode", "patch", "--every-ms", "5"], 2, "--every-ms is for --mode paced"),
        (["-", "--mode", "snapshot", "--max-amplification", "5"], 2, "is for --mode paced"),
        (["-", "--whole", "x"], 2, '"x" is no JSON Pointer'),
        (["-", "--limit", "depth=0"], 2, "at least 1"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], status: int, said: str) -> None:
    code, _, err = run("replay", *arguments, stdin=b"")
    assert status == code
    assert said in err
    assert "Traceback" not in err


def test_a_file_that_is_no_stream_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "doc.json"
    path.write_text('{"a": 1}')
    status, _, err = run("replay", str(path))
    assert 1 == status
    assert "what came is no stream of events, but this: {" in err
    assert "wholejson pipe" in err
    assert "the upstream reported" not in err
    path.write_text('{"error": {"message": "no such model"}}')
    assert "the upstream reported an error: no such model" in run("replay", str(path))[2]


def test_a_schema_and_pointers_hold_values_back_in_every_mode(file: Path) -> None:
    said = as_json(str(file), "--whole", "/name", "--all")
    for run_through in said["runs"].values():
        contents = [x["content"] for each in run_through["sent"] for x in each["contents"]]
        assert "John Doe" in contents[0]


def test_progress_is_shown_on_a_terminal_and_only_there(file: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, "replay", str(file), "--json"]
    environment = {**ENVIRONMENT, "TERM": "xterm"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    shown = os.read(ours, 65536)
    os.close(ours)
    assert b"replaying" in shown
    assert "snapshot" in json.loads(done.stdout)["runs"]


def test_a_stream_is_cut_into_events_at_any_kind_of_line_end() -> None:
    for text in (STREAM, STREAM.replace(b"\n", b"\r\n"), STREAM.replace(b"\n", b"\r")):
        for size in (1, 7, 1000):
            parts = [text[at : at + size] for at in range(0, len(text), size)]
            cut = list(blocks(parts))
            assert text == b"".join(cut)
            assert len(cut) >= len(SHREDS) + 2


def test_recorded_streams_give_what_the_transformer_gives(shared: Path) -> None:
    files = sorted((shared / "streams" / "chat.completions").glob("*.sse"))[::12]
    assert files
    for path in files:
        body = path.read_bytes()
        run_through = Run({}, 50.0, head=0, tail=None)
        for block in blocks([body]):
            run_through.feed(block)
        run_through.finish()
        transformer = wholejson.ChunkTransformer()
        expected = b"".join(map(transformer.feed, blocks([body]))) + transformer.finish()
        assert len(expected) == sum(sent.bytes for sent in run_through.kept), path.name
