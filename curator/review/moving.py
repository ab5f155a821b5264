"""Runs in FiftyOne's own environment: its database written anew without some pictures.

::

    python moving.py held WANTED OUT      names of the datasets that hold one of the pictures
    python moving.py dump WANTED FOLDER   every document, but for those about the pictures
    python moving.py restore FOLDER       into the database that is there, an empty one

Deleted documents stay in the pages and the journal of MongoDB for as long as it likes, so what
must be gone is left behind instead. ``WANTED`` is a JSON list of SHA-256 in hex: the files of
images are named so. Imports nothing of this package but its neighbour.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

_AT_ONCE = 1000


def held(wanted: Path, out: Path) -> None:
    """Write the names of the datasets that hold one of the pictures."""
    shown = _wanted(wanted)
    database = _database()
    names = {
        one.get("sample_collection_name"): one["name"]
        for one in database["datasets"].find({}, {"name": 1, "sample_collection_name": 1})
    }
    found = [
        names.get(collection, collection)
        for collection in database.list_collection_names()
        if any(_is_of(one, shown) for one in database[collection].find({}, {"filepath": 1}))
    ]
    out.write_text(json.dumps(sorted(found)), encoding="utf-8")


def dump(wanted: Path, folder: Path) -> None:
    """Write a file of documents for every collection, and the indexes of all."""
    from bson import encode

    shown = _wanted(wanted)
    database = _database()
    folder.mkdir()
    indexes: dict[str, Any] = {}
    for number, name in enumerate(sorted(database.list_collection_names())):
        collection = database[name]
        indexes[name] = {
            "file": f"{number}.bson",
            "indexes": [
                {"name": index, "key": about["key"], "unique": bool(about.get("unique"))}
                for index, about in collection.index_information().items()
                if index != "_id_"
            ],
        }
        with (folder / f"{number}.bson").open("wb") as file:
            for one in collection.find():
                if not _is_of(one, shown):
                    file.write(encode(one))
    (folder / "collections.json").write_text(json.dumps(indexes), encoding="utf-8")


def restore(folder: Path) -> None:
    """Write all that was dumped."""
    from bson import decode_file_iter

    database = _database()
    collections = json.loads((folder / "collections.json").read_text(encoding="utf-8"))
    for name, about in collections.items():
        database.drop_collection(name)
        collection = database[name]
        with (folder / about["file"]).open("rb") as file:
            documents = decode_file_iter(file)
            while batch := list(islice(documents, _AT_ONCE)):
                collection.insert_many(batch)
        for index in about["indexes"]:
            key = [tuple(part) for part in index["key"]]
            collection.create_index(key, name=index["name"], unique=index["unique"])


def _database() -> Any:
    # FiftyOne only through this file's neighbour, which knows which database is meant.
    sys.path.append(str(Path(__file__).parent))
    from bridge import fiftyone  # type: ignore[import-not-found]

    fiftyone()
    from fiftyone.core import odm

    return odm.get_db_conn()


def _wanted(file: Path) -> frozenset[str]:
    return frozenset(json.loads(file.read_text(encoding="utf-8")))


def _is_of(document: Any, wanted: frozenset[str]) -> bool:
    """Whether a document is about one of the pictures, in whichever dataset."""
    path = document.get("filepath")
    return isinstance(path, str) and PurePath(path).stem in wanted


def main(words: Iterator[str]) -> None:
    """Do what the words say."""
    tasks: dict[str, Callable[..., None]] = {"held": held, "dump": dump, "restore": restore}
    tasks[next(words)](*map(Path, words))


if __name__ == "__main__":
    main(iter(sys.argv[1:]))
