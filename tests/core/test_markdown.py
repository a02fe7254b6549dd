"""Staff write in a small subset of Markdown. Whatever they paste, nothing else reaches the page."""

import html
import re

from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.core.templatetags.formatting import markdown
from tests.pages import Page

SUBSET = {"p", "ul", "ol", "li", "strong", "em", "a", "br"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# Where browsers go by themselves: everything else in a link runs or shows something.
SAFE = re.compile(r"(https?:|mailto:|tel:|[^:]*$|[^:]*[/?#])", re.IGNORECASE)

PIECES = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!--",
        "<a href='javascript:alert(1)'>",
        "&#106;avascript:",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x]( javascript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](data:text/html,<script>1</script>)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x][y]\n\n[y]: javascript:alert(1)",
        '[x](/ "onmouseover=alert(1)")',
        '[x](/" onmouseover="alert(1))',
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        "<https://example.org>",
        "https://example.org",
        "[x](https://example.org)",
        "[x](//example.org)",
        "[x](/procedures/)",
        "**bold**",
        "*em*",
        "- item\n",
        "1. item\n",
        "# heading\n",
        "> quote\n",
        "```\ncode\n```",
        "`code`",
        "| a | b |\n|---|---|\n",
        "---\n",
        "\\",
        "\n\n",
        "    indented",
        "  \n",
        "اردو",
        "🩺",
        "\u202e",
        "\x00",
        '"',
        "'",
        "&",
        "<",
        ">",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join))


@given(TEXTS)
def test_nothing_but_the_subset_reaches_the_page(text: str) -> None:
    written = str(markdown(text))
    for element in Page(written).all():
        assert element.tag in SUBSET, written
        assert element.attributes.keys() <= ATTRIBUTES.get(element.tag, set()), written
        if element.tag == "a":
            target = re.sub(r"[\x00-\x20]", "", html.unescape(element["href"]))
            assert SAFE.match(target), written
            assert (
                not target.lower().startswith(("javascript", "data", "vbscript", "file")) or ":" not in target
            )


@given(st.text(alphabet="<>&\"'abc \n"))
def test_typed_angle_brackets_are_escaped(text: str) -> None:
    written = str(markdown(text))
    tags = re.findall(r"<[^>]*>", written)
    assert set(tags) <= {"<p>", "</p>", "<br />", "<br>"}


def test_markdown_of_staff_becomes_html() -> None:
    for text, written in (
        ("One.\n\nTwo.", "<p>One.</p>\n<p>Two.</p>\n"),
        ("One.\r\n\r\nTwo.", "<p>One.</p>\n<p>Two.</p>\n"),
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("[here](/clinic/)", '<p><a href="/clinic/">here</a></p>\n'),
        ("# no heading", "<p># no heading</p>\n"),
        ("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n"),
        ("", ""),
    ):
        assert str(markdown(text)) == written, text


def test_links_to_pages_stay_in_the_language() -> None:
    for address, in_urdu in (
        ("/clinic/?a=1&b=2#fees", "/ur/clinic/?a=1&amp;b=2#fees"),
        ("/procedures/nerve-repair/", "/ur/procedures/nerve-repair/"),
        ("/ur/clinic/", "/ur/clinic/"),
        ("/staff/status/", "/staff/status/"),
        ("/sitemap.xml", "/sitemap.xml"),
        ("/no-such-page/", "/no-such-page/"),
        ("//other.example/clinic/", "//other.example/clinic/"),
        ("https://other.example/clinic/", "https://other.example/clinic/"),
        ("tel:1122", "tel:1122"),
    ):
        with override("ur"):
            assert str(markdown(f"[x]({address})")) == f'<p><a href="{in_urdu}">x</a></p>\n'
    quoted = '[x](/clinic/ \'href="/clinic/"\') href="/clinic/"'
    with override("ur"):
        (link,) = Page(str(markdown(quoted))).all("a")
    assert link.attributes == {"href": "/ur/clinic/", "title": 'href="/clinic/"'}
