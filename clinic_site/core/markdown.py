"""The small, safe subset of Markdown that staff write in."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from django.conf import settings
from django.urls import translate_url
from django.utils.translation import override
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from clinic_site.core.http.languages import active_language

# Paragraphs, lists, bold, emphasis and links; HTML is escaped.
_reader = MarkdownIt("zero", {"html": False}).enable(["list", "emphasis", "link", "newline", "escape"])


def render(text: str) -> str:
    """Return HTML. Everything outside the subset is escaped; links to pages keep the language."""
    html: str = _reader.render(text)
    return html


def _link_in_active_language(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    address = str(tokens[index].attrs["href"])
    if address.startswith("/") and not address.startswith("//"):
        language = active_language()
        with override(settings.LANGUAGE_CODE):
            tokens[index].attrs["href"] = translate_url(address, language)
    return renderer.renderToken(tokens, index, options, env)


_reader.add_render_rule("link_open", _link_in_active_language)


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
