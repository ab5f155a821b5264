"""What each crawl was worth: how much was kept, how much of that shows faces, from which hosts."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import streamlit as st

from curator.app.bars import bars
from curator.app.text import number
from curator.store import candidates, runs
from curator.store.dataset import Dataset

_HOSTS = 15
_LOOKED_AT = 50_000


def yields(dataset: Dataset) -> None:
    """Draw them; nothing before the first crawl."""
    with dataset.read() as connection:
        found = candidates.yields(connection)
        made = {run.id: run for run in runs.every(connection, kind="collect")}
        urls = candidates.newest_urls(connection, limit=_LOOKED_AT)
    rows = [(made[run_id], worth) for run_id, worth in found.items() if run_id in made]
    if not rows:
        return
    st.subheader("Yield", anchor=False)
    st.caption("Of what was kept and looked at, how much has a face.")
    st.dataframe(
        {
            "from": [run.method for run, _ in rows],
            "what": [str(run.params.get("target", "")) for run, _ in rows],
            "met": [worth["met"] for _, worth in rows],
            "kept": [worth["kept"] for _, worth in rows],
            "looked at": [worth["seen"] for _, worth in rows],
            "with a face": [_share(worth) for _, worth in rows],
        },
        column_config={
            "with a face": st.column_config.ProgressColumn(
                format="percent", min_value=0.0, max_value=1.0
            )
        },
        hide_index=True,
    )
    hosts = Counter(host for url in urls if (host := urlsplit(url).hostname))
    if hosts:
        with st.expander(f"Hosts ({number(len(hosts))})"):
            st.caption(f"Of the newest {number(len(urls))} addresses.")
            bars(dict(hosts.most_common(_HOSTS)), {})


def _share(worth: dict[str, int]) -> float | None:
    return worth["with_face"] / worth["seen"] if worth["seen"] else None
