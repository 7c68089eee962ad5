from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, SourceNotFoundError, StillwatchError
from stillwatch.find.sources import load_mapping


def test_a_mapping(tmp_path):
    path = tmp_path / "columns.toml"
    path.write_text(
        'account_id_type = "int64"\n[exchange]\ntime = "ts"\nprompt = "request.prompt"\n'
        '[account]\ncreated_at = "since"\n'
    )
    mapping = load_mapping(path)
    assert mapping.source_name("exchange", "time") == "ts"
    assert mapping.source_name("exchange", "model") == "model"
    assert mapping.source_name("account", "created_at") == "since"
    assert mapping.account_id_type == "int64"


@pytest.mark.parametrize(
    ("text", "what", "todo"),
    [
        ("[exchange", "not TOML", "[exchange]"),
        ("[exchnge]\n", "unknown section [exchnge]", "did you mean exchange"),
        ('[exchange]\npromt = "x"', "no column 'promt'", "did you mean prompt"),
        ('[account]\nzzz = "x"', "no column 'zzz'", "account_id, created_at"),
        ("[exchange]\ntime = 7", "time is not a column name", 'time = "'),
        ('[exchange]\ntime = ""', "time is not a column name", 'time = "'),
        ("exchange = 7", "exchange is not a section", "[exchange]"),
        ('account_id_type = "uuid"', "account_id_type is 'uuid'", "int64, string"),
    ],
)
def test_mistakes_are_explained(text, what, todo, tmp_path):
    path = tmp_path / "columns.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_mapping(path)
    assert what in caught.value.what
    assert todo in caught.value.todo
    assert caught.value.where == str(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SourceNotFoundError):
        load_mapping(tmp_path / "columns.toml")


@given(st.binary(max_size=200))
def test_any_file_gives_a_mapping_or_a_named_error(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("map") / "columns.toml"
    path.write_bytes(raw)
    with contextlib.suppress(StillwatchError):
        load_mapping(path)
