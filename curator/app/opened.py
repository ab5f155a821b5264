"""The dataset that this process shows: one, opened once, for pages and routes alike."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from curator.config import settings
from curator.errors import ConfigError
from curator.store.dataset import Dataset, open_dataset

# The setting of this name; Streamlit runs the script anew for each click and reads it there.
VARIABLE = "CURATOR_DATASET"


def choose(folder: Path) -> Dataset:
    """Make this the dataset that pages show, and open it.

    Raises:
        NotFound: if there is none.
        SchemaMismatch: if a newer program wrote it.
        StoreError: if it cannot be read.
    """
    os.environ[VARIABLE] = str(folder.resolve())
    return dataset()


def dataset() -> Dataset:
    """The dataset that pages show.

    Raises:
        ConfigError: if none was chosen.
        NotFound: if it is not there.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise ConfigError("no dataset was chosen; start the app with: curator app --dataset DIR")
    return _opened(folder)


@cache
def _opened(folder: str) -> Dataset:
    return open_dataset(Path(folder), database_url=settings().database_url)
