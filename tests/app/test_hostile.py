"""Names, labels and messages of strangers are shown as text, wherever they end up."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from curator.app.text import escape
from curator.jobs import start as jobs
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Face, RunStatus
from curator.store import jobs as rows

NAME = "**b** <img src=x onerror=alert(1)> [l](javascript:alert(1)) `c` $x$ :red[r] :smile:.jpg"
SITE = "javascript:alert(1)//https://example.org/<script>"
# Streamlit reads GitHub's Markdown.
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
# What Streamlit looks for besides: emoji and icons by name, colours, formulas.
DIRECTIVE = re.compile(r":[\w/+-]+:|(?<!\\):\w+\[|(?<!\\)\$")


class Tags(HTMLParser):
    """All tags of a piece of HTML, with where they lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.targets: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.targets |= {value or "" for name, value in attrs if name in ("href", "src")}
        assert not [name for name, _ in attrs if name.startswith("on")]


def plain(markdown: str) -> str:
    """What a reader sees of Markdown that must hold nothing but text."""
    html = MARKDOWN.render(markdown)
    assert set(re.findall(r"<(\w+)", html)) <= {"p"}, html
    return unescape(re.sub(r"</?p>|\n$", "", html)).strip()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_escaped_text_is_read_back_as_itself(text: str) -> None:
    escaped = escape(text)
    assert plain(escaped).replace("\u2060", "") == " ".join(text.split()).replace("\u2060", "")
    assert not DIRECTIVE.search(escaped)


@pytest.mark.parametrize(
    "text", ["# head", "- item", "1. one", "1) one", "> quote", "---", "a\n\n# b", "|a|\n|-|\n|b|"]
)
def test_escaped_text_opens_no_block(text: str) -> None:
    assert plain(escape(text)) == " ".join(text.split())


@pytest.fixture
def hostile(studio: Any) -> Any:
    """A dataset in which everything that has a name has a bad one."""
    image_id = studio.add(
        NAME, url=SITE, page_url=SITE, author=NAME, licence=NAME, title=NAME, source=NAME
    )
    face = Face(box=(1, 1, 9, 9), score=0.5, identity=NAME, attributes={NAME: NAME})
    studio.propose({image_id: [face]}, method=NAME)
    studio.refuse(SITE, NAME, NAME)
    release(studio.dataset, "v1", Selection(), SplitOptions(), Silent())
    with studio.dataset.write() as connection:
        for status in (RunStatus.FAILED, RunStatus.RUNNING):
            params = jobs.checked("collect", {"source": NAME, "target": NAME}).model_dump()
            job_id = rows.add(connection, "collect", params)
            rows.claim(connection, job_id, 1)
            rows.beat(connection, job_id, 0.5, NAME)
            if status is RunStatus.FAILED:
                rows.finish(connection, job_id, status, NAME)
    return studio


@pytest.mark.parametrize("name", ["overview", "collect", "browse", "release", "browse?image=1"])
def test_no_page_takes_a_name_for_markup(
    hostile: Any, visit: Callable[..., Any], name: str
) -> None:
    page = visit("browse", image="1") if "?" in name else visit(name)
    components = str([page.component("gallery"), page.component("viewer")])
    assert "onerror" in page.markdown + page.html + components
    for text in page.texts:
        assert Tags(MARKDOWN.render(text)).seen <= {"p", "strong"}, text
        assert not re.search(r":smile:|(?<!\\):red\[|(?<!\\)\$", text)
    tags = Tags(page.html)
    assert tags.seen <= {"div", "span", "i", "dl", "dt", "dd", "a"}
    assert not tags.targets


def test_names_reach_the_components_unchanged_for_they_only_write_text(
    hostile: Any, visit: Callable[..., Any]
) -> None:
    assert visit("browse").shown == [NAME]
    viewer = visit("browse", image="1").component("viewer")
    assert viewer["name"] == NAME
    assert f"identity {NAME}" in viewer["faces"][0]["text"]


def test_components_never_write_html() -> None:
    from curator.app import gallery

    scripts = list(gallery._HERE.rglob("*.js"))
    assert {"viewer.js", "gallery.js", "threshold.js", "scatter.js", "editor.js"} <= {
        script.name for script in scripts
    }
    for script in scripts:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", script.read_text()
        )
