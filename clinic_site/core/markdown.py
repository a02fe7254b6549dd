"""The small, safe subset of Markdown that staff write in."""

from markdown_it import MarkdownIt

# Paragraphs, lists, bold, emphasis and links; HTML is escaped.
_reader = MarkdownIt("zero", {"html": False}).enable(["list", "emphasis", "link", "newline", "escape"])


def render(text: str) -> str:
    """Return HTML. Everything outside the subset is escaped."""
    html: str = _reader.render(text)
    return html


def plain_blocks(text: str) -> list[str]:
    """Return the text of each paragraph and list item, in order, without markup."""
    return [
        "".join(
            " " if token.type in ("softbreak", "hardbreak") else token.content
            for token in block.children or ()
        )
        for block in _reader.parse(text)
        if block.type == "inline"
    ]
