"""JSON from bodies and secrets that nobody vouches for."""

import json

import pytest

from providers.strict_json import NotStrictJsonError, Number, loads

SECRET = "sk-0123456789abcdef"
BAD = {
    "nothing": b"",
    "a bare word": SECRET,
    "NaN": f'["{SECRET}", NaN]',
    "Infinity": f'["{SECRET}", Infinity]',
    "-Infinity": f'["{SECRET}", -Infinity]',
    "a member twice": f'{{"a": "{SECRET}", "a": 1}}',
    "a member twice, deep inside": f'[{{"b": {{"a": "{SECRET}", "a": 1}}}}]',
    "nested too deep": "[" * 100_000 + f'"{SECRET}"' + "]" * 100_000,
    "objects nested too deep": '{"a":' * 100_000 + f'"{SECRET}"' + "}" * 100_000,
    "UTF-16": f'["{SECRET}"]'.encode("utf-16"),
    "UTF-16 without its mark": f'["{SECRET}"]'.encode("utf-16-le"),
    "two byte order marks": f'\ufeff\ufeff["{SECRET}"]'.encode(),
    "a byte order mark inside": f'[\ufeff"{SECRET}"]'.encode(),
    "a byte order mark alone": b"\xef\xbb\xbf",
    "Latin-1": f'["{SECRET}\u00e9"]'.encode("latin-1"),
    "two values": f'["{SECRET}"] ["{SECRET}"]',
    "cut off": f'["{SECRET}',
    "single quotes": f"['{SECRET}']",
    "a line break in a string": f'["{SECRET}\n"]',
    "a number with a leading zero": "[01]",
    "a trailing comma": f'["{SECRET}",]',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_not_strict_json_is_refused_and_nothing_of_it_is_kept(text):
    with pytest.raises(NotStrictJsonError) as caught:
        loads(text)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.args == ("not strict JSON",)
    assert not vars(error)


def test_values_come_back_as_they_were_written():
    text = '{"a": [1, -2.50, 1e400, true, null, "\\u00e9"], "b": {}}'
    assert loads(text) == {"a": ["1", "-2.50", "1e400", True, None, "é"], "b": {}}
    assert loads(text.encode()) == loads(text)


@pytest.mark.parametrize("text", ['\ufeff["a"]', b'\xef\xbb\xbf["a"]', '\ufeff ["a"]'])
def test_a_byte_order_mark_before_the_text_is_no_error(text):
    assert loads(text) == ["a"]


@pytest.mark.parametrize("digits", [5000, 500_000])
def test_a_huge_number_is_text_and_costs_no_arithmetic(digits):
    number = loads("9" * digits)
    assert type(number) is Number
    assert number == "9" * digits
    with pytest.raises(ValueError, match="digits"):  # which is what the standard reader does
        json.loads("9" * digits)


def test_a_number_is_told_from_a_string():
    number, text = loads('[1, "1"]')
    assert isinstance(number, Number)
    assert not isinstance(text, Number)


def test_objects_are_made_as_the_caller_wants_them():
    assert loads('{"a": 1, "a": 2}', objects=list) == [("a", "1"), ("a", "2")]
