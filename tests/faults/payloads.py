"""Bodies of two providers and of an API of one's own, right but for one thing."""

import json
from itertools import product

from tests.faults.upstream import MARKER

# What each provider promises, with 15 USD. An unknown member stands in each, and is to be ignored:
# it carries the marker, and the key as an upstream sends it back.
GOOD = {
    "deepseek": {
        "is_available": True,
        "balance_infos": [
            {
                "currency": "USD",
                "total_balance": "15.00",
                "granted_balance": "0.00",
                "topped_up_balance": "15.00",
            }
        ],
        "echo": f"{MARKER} %KEY%",
    },
    "novita": {
        "availableBalance": "150000",
        "cashBalance": "150000",
        "creditLimit": "0",
        "pendingCharges": "0",
        "outstandingInvoices": "0",
        "echo": f"{MARKER} %KEY%",
    },
}
# The same of an API of an entry's own, as `guarded.OWN` describes it.
BODIES = {**GOOD, "custom": {"left": "15.00", "echo": f"{MARKER} %KEY%"}}
MONEY = {
    "deepseek": ("total_balance", "granted_balance", "topped_up_balance"),
    "novita": ("availableBalance", "cashBalance", "creditLimit", "outstandingInvoices"),
    "custom": ("left",),
}
MISSING = ""


def good(provider):
    """The whole answer, as text."""
    return json.dumps(BODIES[provider])


def with_member(provider, name, literal):
    """The answer with another JSON literal as this member, or `MISSING`, in a row or at the top."""
    put = "@put@"

    def changed(members):
        members = {k: put if k == name else v for k, v in members.items()}
        return {k: v for k, v in members.items() if v != put or literal != MISSING}

    body = changed(BODIES[provider])
    if provider == "deepseek" and isinstance(body.get("balance_infos"), list):
        body["balance_infos"] = [changed(row) for row in body["balance_infos"]]
    return json.dumps(body, ensure_ascii=False).replace(f'"{put}"', literal)


def with_money(provider, literal):
    """The answer with another JSON literal as the figure that is watched."""
    return with_member(provider, MONEY[provider][0], literal)


# JSON literals that are no plain decimal of sane length.
NO_MONEY = {
    "missing": MISSING,
    "null": "null",
    "empty": '""',
    "blank": '" "',
    "true": "true",
    "false": "false",
    "list": '["15.00"]',
    "object": '{"amount": "15.00"}',
    "word": f'"{MARKER}"',
    "NaN": "NaN",
    "NaN as text": '"NaN"',
    "sNaN as text": '"sNaN"',
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "Infinity as text": '"Infinity"',
    "exponent": '"1e2"',
    "exponent that is too large": "1e16",
    "exponent that is too small": "1e-31",
    "16 digits by an exponent": "10e14",
    "exponent of a billion": '"1E+1000000000"',
    "exponent of a billion of a number": "1E+1000000000",
    "negative exponent of a billion": '"1E-1000000000"',
    "40 digits": f'"{"9" * 40}"',
    "40 digits of a number": "9" * 40,
    "5000 digits of a number": "9" * 5000,
    "40 places": f'"0.{"1" * 40}"',
    "comma separators": '"1,500.00"',
    "comma for a point": '"15,00"',
    "underscore separators": '"1_500"',
    "blank separators": '"1 500"',
    "full-width digits": '"\uff11\uff15"',
    "Arabic digits": '"\u0661\u0665"',
    "plus": '"+15"',
    "two minuses": '"--15"',
    "typographic minus": '"\u221215"',
    "no digit before the point": '".50"',
    "no digit after the point": '"15."',
    "two points": '"1.5.0"',
    "hexadecimal": '"0x0F"',
    "currency sign": '"$15"',
    "line break": '"15\\n"',
    "null character": '"15\\u0000"',
}


def _wrong_types(name, *good_types):
    types = {
        "null": "null",
        "text": f'"{MARKER}"',
        "number": "15",
        "one": "1",
        "true": "true",
        "list": "[]",
        "object": "{}",
    }
    return {
        f"{name} is {word}": (name, literal)
        for word, literal in types.items()
        if word not in good_types
    }


_ROW = json.dumps(GOOD["deepseek"]["balance_infos"][0])

_DEEPSEEK_MEMBERS = {
    "is_available is missing": ("is_available", MISSING),
    **_wrong_types("is_available", "true"),
    "is_available is text": ("is_available", '"true"'),
    "balance_infos is missing": ("balance_infos", MISSING),
    **_wrong_types("balance_infos"),
    "rows of null": ("balance_infos", "[null]"),
    "rows of lists": ("balance_infos", f"[[{_ROW}]]"),
    "rows of text": ("balance_infos", '["USD"]'),
    "the currency is missing": ("currency", MISSING),
    **_wrong_types("currency"),
    "currency of four letters": ("currency", '"USDT"'),
    "currency of digits": ("currency", '"840"'),
    "currency in full width": ("currency", '"\uff35\uff33\uff24"'),
    "empty currency": ("currency", '""'),
    "padded currency": ("currency", '"USD "'),
    "duplicate currency": ("balance_infos", f"[{_ROW},{_ROW}]"),
    "duplicate currency in another case": ("balance_infos", f"[{_ROW},{_ROW.replace('USD', 'usd')}]"),
}


def _of_no_shape(provider):
    body = good(provider)
    whole = body.encode()
    members = body[1:-1]
    return {
        "empty": b"",
        "blank": b" \r\n",
        "HTML": b"<html><body>%MARKER% %KEY%</body></html>",
        "plain text": b"%MARKER% %KEY%",
        "truncated": whole[: len(whole) * 2 // 3],
        "with a tail": whole + b" %MARKER%",
        "twice": whole + whole,
        "a callback": b"cb(" + whole + b")",
        "with a comment": b"{/* %MARKER% */" + whole[1:],
        "trailing comma": whole[:-1] + b",}",
        "single quotes": body.replace('"', "'").encode(),
        "null": b"null",
        "true": b"true",
        "number": b"15",
        "text": b'"%MARKER%"',
        "list": b"[]",
        "object": b"{}",
        "in a list": b"[" + whole + b"]",
        "in an envelope": b'{"data":' + whole + b"}",
        "NaN in a member that is ignored": b'{"x":NaN,' + whole[1:],
        "duplicate members": f"{{{members},{members}}}".encode(),
        "duplicate members deep in what is ignored": b'{"x":[{"y":1,"y":2}],' + whole[1:],
        "two byte order marks": b"\xef\xbb\xbf" * 2 + whole,
        "UTF-16": body.encode("utf-16"),
        "UTF-32": body.encode("utf-32"),
        "not UTF-8": whole[:-1] + b',"x":"\xff\xfe"}',
        "binary": bytes(range(256)),
        "deep lists": b"[" * 20_000 + b"]" * 20_000,
        "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "deep in what is ignored": b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"," + whole[1:],
        "deep and open": b"[" * 60_000,
    }


def bad_bodies(provider):
    """By name, every body that isn't what the provider promises."""
    members = _DEEPSEEK_MEMBERS if provider == "deepseek" else {}
    return {
        **_of_no_shape(provider),
        **{f"money: {name}": with_money(provider, text).encode() for name, text in NO_MONEY.items()},
        **{
            name: with_member(provider, member, literal).encode()
            for name, (member, literal) in members.items()
        },
    }


def bad_money_everywhere(provider):
    """By name, the bad figures as each of the members that are money."""
    return {
        f"{member}: {name}": with_member(provider, member, literal).encode()
        for member, (name, literal) in product(MONEY[provider], NO_MONEY.items())
    }
