"""The vocabulary of attributes keeps the domains of those who coined it."""

from __future__ import annotations

import pytest

from curator.attributes import ATTRIBUTES, attribute_problem

# From WIDER FACE's readme.txt, WFLW's readme and RetinaFace's table 1.
DOMAINS = {
    "blur": {0, 1, 2},
    "expression": {0, 1},
    "illumination": {0, 1},
    "invalid": {0, 1},
    "occlusion": {0, 1, 2},
    "pose": {0, 1},
    "make_up": {0, 1},
    "annotation_level": {1, 2, 3, 4, 5},
}


def test_domains_are_those_of_the_owners():
    stated = {name: set(item.domain) for name, item in ATTRIBUTES.items() if item.values}
    assert stated == DOMAINS
    for name, domain in DOMAINS.items():
        allowed = {value for value in range(-3, 9) if attribute_problem(name, value) is None}
        assert allowed == domain


@pytest.mark.parametrize("value", [0.5, "0", None, float("nan"), float("inf"), [0], 10**30])
def test_other_values_are_refused_in_a_sentence(value):
    assert "pose must be" in (attribute_problem("pose", value) or "")


def test_scores_are_any_number_and_free_names_anything():
    assert attribute_problem("blur_score", -0.25) is None
    assert attribute_problem("blur_score", "sharp") == "blur_score must be a number, not 'sharp'"
    assert attribute_problem("hat", ["red"]) is None
