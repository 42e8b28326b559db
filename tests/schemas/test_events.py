"""The protocol: what is said is what is heard, and anything else is refused."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matterzoo_schemas import events

MESSAGES = list(events._TYPES.values())
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = {
    "int": st.integers(0, 2**53),
    "float": st.floats(0, 1e9),
    "str": st.text(),
    "bool": st.booleans(),
    "int | None": st.none() | st.integers(0, 2**53),
    "str | None": st.none() | st.text(),
    "list[int]": st.lists(st.integers(0, 2**53), max_size=4),
    "list[str]": st.lists(st.text(), max_size=4),
    "dict[str, str]": st.dictionaries(st.text(), st.text(), max_size=3),
    "dict[str, int]": st.dictionaries(st.text(), st.integers(0, 2**53), max_size=3),
    "dict[str, Any]": st.dictionaries(st.text(), json_values, max_size=3),
    "list[dict[str, Any]]": st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=3),
    "dict[str, list[int]]": st.dictionaries(st.text(), st.lists(st.integers(0, 2**53), max_size=3), max_size=3),
    "dict[str, list[Any]]": st.dictionaries(st.text(), st.lists(json_values, max_size=3), max_size=3),
}


def messages(kind):
    return st.builds(kind, **{field.name: FIELDS[str(field.type)] for field in dataclasses.fields(kind)})


@given(st.one_of(*map(messages, MESSAGES)))
def test_any_message_is_one_line_and_comes_back_as_it_was(message):
    line = message.encode()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert events.decode(line) == message


def test_every_message_has_its_own_name():
    assert len({kind.name for kind in MESSAGES}) == len(MESSAGES)


@given(st.binary())
def test_garbage_is_refused(garbage):
    with pytest.raises(ValueError, match="not a message"):
        events.decode(garbage)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"null", b"12", b"[]", b'"done"', b"{}", b'{"type":"none"}', b'{"type":[]}', b'{"type":null}', b"\xff\xfe",
        b'{"type":"probe"}', b'{"type":"probe","shard":1,"records":"r","rows":[],"more":1}', b"[" * 100_000,
        b"Downloading weights: 100%",
    ],
)  # fmt: skip
def test_what_is_no_message_of_the_protocol_is_refused(line):
    with pytest.raises(ValueError, match="not a message"):
        events.decode(line)


@given(st.sampled_from(MESSAGES), st.dictionaries(st.text(), json_values, max_size=3))
def test_fields_that_the_message_does_not_have_are_refused(kind, fields):
    unknown = {f"_{name}": value for name, value in fields.items()} | {"_": 0}
    with pytest.raises(ValueError, match="not a message"):
        events.decode(json.dumps({"type": kind.name, **unknown}).encode())
