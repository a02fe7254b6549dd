"""Hypothesis strategies for whole documents with any text."""

from datetime import UTC, date, datetime

import msgspec
from hypothesis import strategies as st

from procedures.publishing import documents
from procedures.publishing.documents import PageDocument

# Any text, and likely special cases: Urdu, emoji, characters that HTML and JSON escape.
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "مائیکرو سرجری (خوردبین کی مدد سے آپریشن)",
            "کٹے ہوئے عضو کو دوبارہ جوڑنا",
            "۱۲۳",
            "🩺👩🏽‍⚕️",
            "</script><script>alert(1)</script>",
            'a "quote" & <b>\\u003c\\',
            "line\u2028separator\n\ttab",
            "e\u0301",
        ]
    ),
)

st.register_type_strategy(str, TEXTS)
st.register_type_strategy(int, st.integers(min_value=0, max_value=2**31))
st.register_type_strategy(date, st.dates())
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))


def _of(struct: type) -> st.SearchStrategy:
    """Values of a struct, with every one of its fields drawn."""
    hints = msgspec.structs.fields(struct)
    return st.builds(struct, **{field.encode_name: _value(field.type) for field in hints})


def _value(hint: object) -> st.SearchStrategy:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _of(hint)
    arguments = getattr(hint, "__args__", ())
    if getattr(hint, "__origin__", None) is tuple:
        return st.lists(_value(arguments[0]), max_size=3).map(tuple)
    if arguments:  # ``X | None``
        return st.one_of(*(st.none() if one is type(None) else _value(one) for one in arguments))
    return st.from_type(hint)


DOCUMENTS = _of(PageDocument).map(lambda document: msgspec.structs.replace(document, schema=documents.SCHEMA))
