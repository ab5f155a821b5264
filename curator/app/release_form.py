"""The form that makes a release: what goes in, and how it is divided."""

from __future__ import annotations

from typing import Any

import streamlit as st

from curator.app import job_cards, sentences
from curator.app.text import of_many
from curator.errors import ConfigError
from curator.pipeline.quality import read_rules
from curator.quality import PRESETS
from curator.records import SPLITS
from curator.split import SHARES
from curator.store import images, releases
from curator.store.dataset import Dataset


def release_form(dataset: Dataset) -> None:
    """Draw it; its button starts a job."""
    with dataset.read() as connection:
        sources = list(images.counts_by(connection, "source"))
        known = images.count(connection, images.ImageFilter(annotated=True))
        made = len(releases.every(connection))
    with st.form("release", border=False):
        name = st.text_input("Name", value=f"v{made + 1}", key=f"release-name-{made}")
        selection = _selection(sources)
        preset, rule, proposals = _quality()
        shares, more = _division()
        st.caption(f"{of_many(known, 'image')} in this dataset have been looked at for faces.")
        if not st.form_submit_button("Make the release", type="primary", disabled=known == 0):
            return
    if preset or rule.strip():
        try:
            rules = read_rules(preset, rule)
        except ConfigError as error:
            sentences.tell(error)
            return
        selection["rules"] = "; ".join(each.source for each in rules)
    selection["proposed_attributes"] = proposals
    job_cards.begin(
        dataset, "release", {"name": name.strip(), "shares": shares, **selection, **more}
    )


def _selection(sources: list[str]) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        source = st.selectbox("Source", sources, index=None, placeholder="any", key="of-source")
        score = st.number_input(
            "Proposed faces score at least", 0.0, 1.0, 0.0, 0.05, key="least-score"
        )
    with right:
        labelled = st.selectbox(
            "Labels",
            [False, True],
            format_func=lambda only: "only those people vouch for" if only else "all",
            key="labelled-only",
        )
        size = st.number_input("Faces are at least this high, pixels", 0, value=0, key="least-size")
    commercial = st.toggle(
        "Only images whose licence is known to allow commercial use", key="commercial-only"
    )
    return {
        "source": source,
        "labelled_only": bool(labelled),
        "commercial_only": commercial,
        "min_score": score,
        "min_size": float(size),
    }


def _quality() -> tuple[str | None, str, bool]:
    """A preset, further rules, and whether proposed attributes go in."""
    left, right = st.columns(2)
    with left:
        preset = st.selectbox(
            "Quality rules",
            list(PRESETS),
            index=None,
            placeholder="none: all faces",
            format_func=lambda name: f"{name}: {PRESETS[name].about}",
            key="release-preset",
            help="Only faces that these rules keep. What a person decided wins.",
        )
    with right:
        rule = st.text_input(
            "Further rules",
            placeholder="face height >= 32 px; abs(yaw) <= 60",
            key="release-rule",
            help="As on the Quality page, several by ;",
        )
    proposals = st.toggle("With the attributes that measures propose", key="release-proposals")
    return preset, rule, proposals


def _division() -> tuple[dict[str, float], dict[str, Any]]:
    places = st.columns(len(SPLITS) + 1)
    shares = {}
    for place, split in zip(places, SPLITS, strict=False):
        with place:
            percent = st.number_input(
                f"{split}, %", 0, 100, round(100 * SHARES[split]), key=f"share-{split}"
            )
            shares[split] = percent / 100
    with places[-1]:
        seed = st.number_input("Seed", 0, value=0, key="seed", help="Another one, another split.")
    apart = st.toggle(
        "Nobody stands in two splits", key="apart", help="Needs faces whose identity is known."
    )
    return shares, {"seed": int(seed), "apart_by_identity": apart}
