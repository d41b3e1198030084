"""The troubleshooting page that the menu opens."""

from __future__ import annotations

import pytest

from tools import make_help_page
from tools.make_help_page import PAGE, page


def test_the_page_is_the_readmes_section() -> None:
    """``python -m tools.make_help_page`` writes it."""
    assert PAGE.read_text("utf-8") == page()


def test_markdown_becomes_html() -> None:
    """Lists, code, emphasis, tables; what looks like a tag is text."""
    markdown = (
        "## Help\n\nUse `a < b`, *now*.\n\n- **One:** x\n  y\n- two\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nls\n```\n\n## Next\n"
    )
    assert list(make_help_page.section(markdown, "Help")) == [
        "<h2>Help</h2>",
        "<p>Use <code>a &lt; b</code>, <em>now</em>.</p>",
        "<ul>",
        "<li><strong>One:</strong> x y</li>",
        "<li>two</li>",
        "</ul>",
        "<table>",
        "<tr><th>a</th><th>b</th></tr>",
        "<tr><td>1</td><td>2</td></tr>",
        "</table>",
        "<pre>ls</pre>",
    ]
    with pytest.raises(ValueError, match="no section 'Gone'"):
        list(make_help_page.section(markdown, "Gone"))
