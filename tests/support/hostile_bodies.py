"""A hundred hostile bodies for `/predict`, each as large as the service takes: a table, by what is wrong with them."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence

SIZE = 1024**2 - 1024  # bytes: what is larger is not even parsed


def bodies(columns: Sequence[str]) -> dict[str, bytes]:
    """Returns the bodies by name, for a model with these columns."""
    name = columns[0].encode()
    return {
        label: body
        for table in (_nested(name), _numbers(name), _names(columns), _texts(name), _rows(columns), _no_json(name))
        for label, body in table.items()
    }


def _filled(before: bytes, item: bytes, after: bytes, separator: bytes = b",") -> bytes:
    """Returns as many items as there is room for."""
    count = (SIZE - len(before) - len(after)) // (len(item) + len(separator))
    return before + separator.join([item] * count) + after


def _numbered(before: bytes, item: str, after: bytes) -> bytes:
    """Returns items with a number each."""
    width = len(item % 0) + 7
    return before + b",".join((item % number).encode() for number in range((SIZE - len(before)) // width)) + after


def _nested(name: bytes) -> dict[str, bytes]:
    value = b'{"' + name + b'":'
    items = {
        "empty lists": b"[]",
        "empty objects": b"{}",
        "lists of lists": b"[[]]",
        "lists of numbers": b"[1]",
        "objects": b'{"a":1}',
        "objects of lists": b'{"a":[]}',
        "lists of nulls": b"[null]",
        "deep lists": b"[" * 90 + b"]" * 90,
        "deep objects": b'{"a":' * 90 + b"1" + b"}" * 90,
        "nulls": b"null",
        "numbers": b"1",
        "truths": b"true",
        "texts": b'""',
    }
    return {
        **{f"{label} as a value": _filled(value + b"[", item, b"]}") for label, item in items.items()},
        **{f"{label} as rows": _filled(b"[", item, b"]") for label, item in items.items()},
        "one row that is a list": b"[[" * 50 + b"]]" * 50,
        "lists without an end": b"[" * SIZE,
        "objects without an end": b'{"a":' * (SIZE // 5),
        "a value of lists without an end": value + b"[" * (SIZE - len(value)),
        "lists 199 deep, again and again": _filled(b"[", b"[" * 198 + b"]" * 198, b"]"),
    }


def _numbers(name: bytes) -> dict[str, bytes]:
    values = {
        "a whole number of a million digits": b"1" * 1_000_000,
        "one of four thousand digits": b"9" * 4000,
        "one of 4,301 digits": b"9" * 4301,
        "a negative one": b"-" + b"9" * 4000,
        "a fraction of a million digits": b"0." + b"1" * 1_000_000,
        "an exponent of a million digits": b"1e" + b"9" * 1_000_000,
        "a negative exponent": b"1e-" + b"9" * 1_000_000,
        "infinity by exponent": b"1e999",
        "less than nothing": b"-1e999",
        "NaN": b"NaN",
        "Infinity": b"Infinity",
        "-Infinity": b"-Infinity",
        "nan": b"nan",
        "inf": b"inf",
        "-NaN": b"-NaN",
        "a plus": b"+1",
        "octal": b"0o7",
        "hexadecimal": b"0x7",
        "a leading zero": b"01",
        "a bare point": b".5",
        "an ended point": b"5.",
        "two minuses": b"--1",
        "a subnormal": b"5e-324",
        "minus zero": b"-0",
        "the largest": b"1.7976931348623157e308",
        "2**64": b"18446744073709551616",
        "true": b"true",
        "a number as text": b'"5"',
    }
    row = b'{"' + name + b'":%s}'
    table = {f"{label} as a value": row % value for label, value in values.items()}
    return {
        **table,
        "many numbers of four thousand digits": _filled(b'{"' + name + b'":[', b"9" * 4000, b"]}"),
        "rows of numbers of four thousand digits": _filled(b"[", row % (b"9" * 4000), b"]"),
        "rows of NaN": _filled(b"[", row % b"NaN", b"]"),
    }


def _names(columns: Sequence[str]) -> dict[str, bytes]:
    name, wide = columns[0].encode(), ",".join(f'"{column}x": 1' for column in columns)
    return {
        "many names": _numbered(b"{", '"%06d":1', b"}"),
        "many long names": _numbered(b"{", '"' + "k" * 1000 + '%06d":1', b"}"),
        "many names that are nearly right": _numbered(b"{", f'"{columns[0]}%d":1', b"}"),
        "many names in a row of many": _numbered(b"[{", '"%06d":1', b"}]"),
        "many names with texts": _numbered(b"{", '"%06d":"%%06d"'.replace("%%06d", "x"), b"}"),
        "a name of a megabyte": b'{"' + b"k" * (SIZE - 10) + b'":1}',
        "a name of escapes": _filled(b'{"', b"\\u00e9", b'":1}', b""),
        "the same name again and again": _filled(b"{", b'"' + name + b'":1', b"}"),
        "the same unknown name again and again": _filled(b"{", b'"x":1', b"}"),
        "each name misspelt": f"{{{wide}}}".encode(),
        "rows with each name misspelt": _filled(b"[", f"{{{wide}}}".encode(), b"]"),
        "an empty name": b'{"":1}',
        "a name of markup": b'{"<script>alert(1)</script>":1}',
        "a name of control characters": b'{"\\u0000\\u001b[2J":1}',
        "__proto__": b'{"__proto__":{"a":1},"constructor":1}',
    }


def _texts(name: bytes) -> dict[str, bytes]:
    value = b'{"' + name + b'":"%s"}'
    return {
        "a text of a megabyte": value % (b"a" * (SIZE - 200)),
        "a text of escapes": _filled(b'{"' + name + b'":"', b"\\u00e9", b'"}', b""),
        "a text of astral characters": _filled(b'{"' + name + b'":"', b"\\ud83d\\ude00", b'"}', b""),
        "half a surrogate": value % b"\\ud800",
        "many texts": _numbered(b'{"' + name + b'":[', '"%06d"', b"]}"),
        "many texts as rows": _numbered(b"[", '"%06d"', b"]"),
        "zero bytes": value % (b"\0" * 1000),
        "a text that is no UTF-8": value % b"\xff\xfe",
        "overlong UTF-8": value % b"\xc0\xaf",
        "half a character": value % b"\xe2\x82",
    }


def _rows(columns: Sequence[str]) -> dict[str, bytes]:
    good = json.dumps(dict.fromkeys(columns, 1)).encode()
    return {
        "a million blanks": b" " * SIZE,
        "rows without an end": _filled(b"[", b"{}", b""),
        "empty rows": _filled(b"[", b"{}", b"]"),
        "as many rows as there is room for": _filled(b"[", good, b"]"),
        "good rows and a bad last one": _filled(b"[", good, b',{"x":1}]'),
        "a row of nulls": json.dumps(dict.fromkeys(columns)).encode(),
        "rows of nulls": _filled(b"[", json.dumps(dict.fromkeys(columns)).encode(), b"]"),
        "nothing": b"",
        "null": b"null",
        "a text": b'"x"',
        "a number": b"5",
        "an empty list": b"[]",
        "an empty object": b"{}",
    }


def _no_json(name: bytes) -> dict[str, bytes]:
    good = b'{"' + name + b'":1}'
    return {
        "gzip": gzip.compress(b"[" * 100_000_000, 1)[:SIZE],
        "deflate": zlib.compress(good * 100_000),
        "UTF-16": good.decode().encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "two documents": good + good,
        "a comma too many": good[:-1] + b",}",
        "a comment": b"/*" + b"x" * (SIZE - 10) + b"*/" + good,
        "single quotes": good.replace(b'"', b"'"),
        "XML": _filled(b"<?xml version='1.0'?>", b"<a>", b"", b""),
        "a form": b"a=" + b"1" * (SIZE - 10),
        "a pickle": b"\x80\x04cos\nsystem\n(S'id'\ntR.",
        "zeroes": b"\0" * SIZE,
    }
