from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curator.collect import SOURCES, Limits
from curator.collect.listing import Row, rows
from curator.errors import InputError, SourceError
from curator.progress import Silent
from curator.records import Candidate, Fetched

Collect = Callable[..., Any]
Picture = Callable[..., bytes]


def listed(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def good(line: int, **fields: str) -> Row:
    return Row(line=line, fields=fields)


def test_a_text_file_has_one_address_a_line(tmp_path: Path) -> None:
    text = "\ufeff# faces\nhttp://a/1.jpg\r\n\n  http://a/2.jpg  \nhttp://a/3,4.jpg"
    assert list(rows(listed(tmp_path / "list.txt", text))) == [
        good(2, url="http://a/1.jpg"),
        good(4, url="http://a/2.jpg"),
        good(5, url="http://a/3,4.jpg"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_names_its_columns_in_any_order_and_case(tmp_path: Path, delimiter: str) -> None:
    lines = [
        ["Title", "LICENSE", "Url", "score", "page", "Author", "query"],
        ['"Six, friends; at\ta table"', "CC-BY-4.0", "http://a/1.jpg", "7", "http://a/", "Me", "q"],
        ["", "", "http://a/2.jpg", "", "", "", ""],
    ]
    text = "\ufeff" + "\r\n".join(delimiter.join(cells) for cells in lines)
    assert list(rows(listed(tmp_path / "list.csv", text))) == [
        good(
            2,
            title="Six, friends; at\ta table",
            licence="CC-BY-4.0",
            url="http://a/1.jpg",
            page_url="http://a/",
            author="Me",
            query="q",
        ),
        good(3, url="http://a/2.jpg"),
    ]


def test_a_csv_is_known_by_its_header_whatever_the_file_is_called(tmp_path: Path) -> None:
    assert list(rows(listed(tmp_path / "a.txt", "url,licence\nhttp://a/1.jpg,CC0\n"))) == [
        good(2, url="http://a/1.jpg", licence="CC0")
    ]
    assert list(rows(listed(tmp_path / "b.txt", "url\nhttp://a/1.jpg\n"))) == [
        good(2, url="http://a/1.jpg")
    ]


def test_a_title_may_have_two_lines(tmp_path: Path) -> None:
    text = 'url,title\nhttp://a/1.jpg,"two\nlines"\nhttp://a/2.jpg,x\n'
    first, second = rows(listed(tmp_path / "list.csv", text))
    assert (first.line, first.fields["title"]) == (2, "two\nlines")
    assert (second.line, second.fields["url"]) == (4, "http://a/2.jpg")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a title,", "line 3: there is no url"),
        ("t,http://a/2.jpg,x,y", "line 3: 4 columns where the header has 2"),
        ("caf\udce9,http://a/2.jpg", "line 3: it is not UTF-8"),
        ("x" * 200_000 + ",http://a/2.jpg", "line 3: field larger than field limit (131072)"),
    ],
)
def test_a_bad_row_names_its_line_and_spoils_no_other(
    tmp_path: Path, row: str, problem: str
) -> None:
    text = f"title,url\na,http://a/1.jpg\n{row}\nb,http://a/3.jpg\n"
    path = listed(tmp_path / "list.csv", text.encode("utf-8", "surrogateescape"))
    assert list(rows(path)) == [
        good(2, title="a", url="http://a/1.jpg"),
        Row(line=3, fields={}, problem=problem),
        good(4, title="b", url="http://a/3.jpg"),
    ]


def test_a_quotation_mark_that_is_not_closed_is_told(tmp_path: Path) -> None:
    path = listed(tmp_path / "list.csv", 'url,title\nhttp://a/1.jpg,x\n"http://a/2.jpg,y\nz,z\n')
    assert [row.problem for row in rows(path)] == [
        None,
        "lines 3 to 4: a quotation mark is not closed",
    ]


def test_a_list_that_is_none_is_one_sentence(tmp_path: Path, collected: Collect) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        collected("urls", tmp_path / "missing.txt")
    with pytest.raises(InputError, match="there is no such file"):
        collected("urls", tmp_path)
    with pytest.raises(InputError, match="not a text file in UTF-8"):
        collected("urls", listed(tmp_path / "a.txt", "http://a/".encode("utf-16")))
    with pytest.raises(InputError, match="line 1: a csv needs a column url; this one has: a,b"):
        collected("urls", listed(tmp_path / "a.csv", "a,b\nhttp://a/1.jpg,2"))
    assert collected("urls", listed(tmp_path / "empty.txt", "")).records == []


def test_a_list_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, collected: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = listed(tmp_path / "a.txt", "")
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(SourceError, match=r"cannot be read \(Permission denied\)"):
        collected("urls", path)


def test_what_the_list_states_goes_with_the_picture(
    tmp_path: Path, web: Any, collected: Collect
) -> None:
    data = web.picture("/1.jpg", 1)
    web.picture("/2.jpg", 2)
    text = (
        "url,licence,author,page,title,query\n"
        f"{web.url}/1.jpg,CC-BY-4.0,Ann,http://a/page,A face,smile\n"
        f"{web.url}/2.jpg,,,,,\n"
    )
    path = listed(tmp_path / "list.csv", text)
    result = collected("urls", path, licence="CC0-1.0", author="Bob")
    by_url = {r.candidate.url: r for r in result.fetched}
    first = by_url[f"{web.url}/1.jpg"]
    assert first.data == data
    assert first.candidate == Candidate(
        url=f"{web.url}/1.jpg",
        source="urls",
        name=f"{web.host.replace(':', '_')}/1.jpg",
        page_url="http://a/page",
        title="A face",
        licence="CC-BY-4.0",
        author="Ann",
        query="smile",
    )
    second = by_url[f"{web.url}/2.jpg"].candidate
    assert (second.licence, second.author) == ("CC0-1.0", "Bob")


def test_bad_rows_are_refused_and_the_others_fetched(
    tmp_path: Path, web: Any, collected: Collect, listener: Any
) -> None:
    web.picture("/1.jpg", 1)
    lines = [
        f"{web.url}/1.jpg",
        "not an address",
        f"{web.url}/gone.jpg",
        f"{web.url}/1.jpg#again",
        "file:///etc/passwd",
        f"{web.url}:/1.jpg",
    ]
    path = listed(tmp_path / "my list.txt", "\n".join(lines))
    result = collected("urls", path)
    assert len(result.names) == 1
    assert result.reasons_by_url == {
        f"file://{tmp_path}/my%20list.txt#line=2": "bad-url",
        f"{web.url}/gone.jpg": "not-found",
        f"file://{tmp_path}/my%20list.txt#line=5": "bad-url",
        f"file://{tmp_path}/my%20list.txt#line=6": "bad-url",
    }
    detail = next(r.detail for r in result.refused if r.candidate.url.endswith("=2"))
    assert detail.startswith("line 2: 'not an address'")
    assert web.asked == {"/1.jpg": 1, "/gone.jpg": 1}
    assert listener.notes[-1] == "1 addresses were listed before: line 4"


def test_nothing_settled_is_fetched_or_told_again(
    tmp_path: Path, web: Any, collected: Collect
) -> None:
    for number in range(6):
        web.picture(f"/{number}.jpg", number)
    addresses = [f"{web.url}/{number}.jpg" for number in range(6)]
    path = listed(tmp_path / "list.txt", "\n".join([*addresses, f"{web.url}/no.jpg", "nonsense"]))
    seen: set[str] = set()
    first = collected("urls", path, lambda candidate: candidate.url in seen)
    assert len(first.records) == 8
    seen |= {r.candidate.url for r in first.records}
    asked = dict(web.asked)
    assert collected("urls", path, lambda candidate: candidate.url in seen).records == []
    assert web.asked == asked
    assert set(asked.values()) == {1}


def test_the_name_tells_the_type_of_the_bytes(
    tmp_path: Path, web: Any, picture: Picture, collected: Collect
) -> None:
    web.serve("/photo.php", picture(1, kind="PNG"), "text/html", headers={"ETag": '"v1"'})
    path = listed(tmp_path / "list.txt", f"{web.url}/photo.php")
    record = collected("urls", path).fetched[0]
    assert record.candidate.name.endswith("/photo.php.png")
    assert record.candidate.validator == '"v1"'
    assert record.mime == "image/png"


def test_a_slow_server_holds_up_only_itself(tmp_path: Path, web: Any, limits: Limits) -> None:
    web.picture("/fast.jpg", 1)
    web.routes["/slow.jpg"] = lambda request: web.over.wait(20)
    fast = [f"{web.url}/fast.jpg?{n}" for n in range(20)]
    for number in range(20):
        web.picture(f"/fast.jpg?{number}", number)
    path = listed(tmp_path / "list.txt", "\n".join([f"{web.url}/slow.jpg", *fast]))
    records = SOURCES.load("urls")(str(path), limits).collect(lambda _: False, Silent())
    urls = [next(records).candidate.url for _ in range(20)]
    assert sorted(urls) == sorted(fast)
    ours = {t for t in threading.enumerate() if t.name.startswith(("collect", "wire"))}
    assert ours
    # The slow one is still under way; closing does not wait for it.
    records.close()
    assert not any(thread.is_alive() for thread in ours)


def test_only_a_few_pictures_are_fetched_ahead(tmp_path: Path, web: Any, limits: Limits) -> None:
    for number in range(40):
        web.picture(f"/{number}.jpg", number)
    path = listed(tmp_path / "list.txt", "\n".join(f"{web.url}/{n}.jpg" for n in range(40)))
    records = SOURCES.load("urls")(str(path), limits).collect(lambda _: False, Silent())
    assert isinstance(next(records), Fetched)
    records.close()
    assert sum(web.asked.values()) <= 2 * limits.threads + 2
