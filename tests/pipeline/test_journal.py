"""The journal of arrivals while others begin and end theirs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from curator.pipeline.journal import Arrival, Journal, drop
from curator.store.dataset import Dataset, create_dataset


def write_and_drop(dataset: Dataset, run_id: int) -> list[bytes]:
    journal, lines = Journal(dataset, run_id), []
    for number in range(500):
        address = f"https://example.org/{number}"
        journal.append(Arrival(datetime.now(UTC), passed=address))
        path = journal.turn()
        assert path is not None
        lines.append(path.read_bytes())
        assert address.encode() in lines[-1]
        drop(path)
    return lines


def test_a_journal_begins_while_another_takes_the_last_file_away(tmp_path: Path) -> None:
    with create_dataset(tmp_path / "data") as dataset, ThreadPoolExecutor(3) as pool:
        written = pool.map(lambda run_id: write_and_drop(dataset, run_id), range(3))
        assert [len(lines) for lines in written] == [500] * 3
        assert not (dataset.folder / "journal").exists()
