from __future__ import annotations

import base64
import math
import re
from xml.etree import ElementTree

from curator.charts import line_chart

NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(figure: str) -> ElementTree.Element:
    found = re.search(r"data:image/svg\+xml;base64,([^\"]+)", figure)
    assert found is not None
    return ElementTree.fromstring(base64.b64decode(found[1]))


def points(figure: str) -> list[list[tuple[float, float]]]:
    lines = drawn(figure).iter(f"{NAMESPACE}polyline")
    return [
        [(float(x), float(y)) for x, y in (p.split(",") for p in line.attrib["points"].split())]
        for line in lines
    ]


def test_values_stand_where_their_share_of_the_bounds_puts_them() -> None:
    (line,) = points(line_chart({"a": ([0, 0.5, 1], [0, 1, 0.5])}, x="x", bounds=(0, 1, 0, 1)))
    (left, low), (middle, high), (right, half) = line
    assert middle == (left + right) / 2
    assert half == (low + high) / 2
    # Up is less in a picture.
    assert high < half < low


def test_axes_carry_round_numbers_within_what_is_drawn() -> None:
    def numbers(along: list[float], values: list[float]) -> list[str]:
        (axes,) = [drawn(line_chart({"a": (along, values)}, x=""))]
        return [each.text for each in axes.iter(f"{NAMESPACE}text") if each.text]

    assert numbers([1, 68], [0.4, 3.92]) == ["0", "1", "2", "3", "20", "40", "60"]
    # There is no epoch between two.
    assert numbers([1, 2, 3], [0, 1, 2])[-3:] == ["1", "2", "3"]
    assert numbers([1, 15], [0, 1])[-5:] == ["3", "6", "9", "12", "15"]
    assert numbers([0, 0.5, 1], [0, 1, 1]) == ["0", "0.2", "0.4", "0.6", "0.8", "1"] * 2
    assert numbers([1, 1200], [-0.001, 0.0028]) == [
        *("-0.001", "0", "0.001", "0.002"),
        *("200", "400", "600", "800", "1,000", "1,200"),
    ]


def test_a_gap_breaks_the_line_and_a_value_alone_is_still_drawn() -> None:
    (first, second) = points(line_chart({"a": ([1, 2, 3, 4], [1, 2, math.nan, 4])}, x="epoch"))
    assert (len(first), len(second)) == (2, 2)
    assert points(line_chart({"a": ([1], [math.nan])}, x="epoch")) == []


def test_names_from_strangers_are_only_text() -> None:
    figure = line_chart({'"><script>x': ([0, 1], [0, 1])}, x="<b>")
    assert "<script" not in figure
    (line,) = drawn(figure).iter(f"{NAMESPACE}polyline")
    assert line.findtext(f"{NAMESPACE}title") == '"><script>x'
