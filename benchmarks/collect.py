"""How much collecting costs beside bare downloading: ``python -m benchmarks.collect [--json]``.

A server of its own process sends images over loopback. In turns, several times over, so that a
busy minute of the machine hits both alike:

* ``bare``: an aiohttp loop of eight workers that writes the bytes to files, and nothing else;
* ``collect``: what ``curator collect urls`` does: robots, guard, limits, decoding in another
  process, hashes, files, journal, database, and all of it on the disk at the end.

Nothing is removed in between: ext4 does not use inodes again that were freed a moment ago, and
looking for others would be the most of making a file.

Images a second, the fastest turn of each, and their ratio. The processor time that an image
takes of each process changes less on a busy machine; ``ratio_by_processor`` is what it leads to
where nothing else runs: the process that has most to do sets the pace, or all of them together
divided by the cores, and the server is one of them.

Photos of 640 pixels have 48 KB in WIDER FACE's training set as it is shared here and those of 1,024
have 113 KB in its validation set (medians), so that is what the pictures of these sizes have. A
thumbnail of 160 pixels has 6 KB: there is nothing to it but what each file costs.

Then the memory of a collecting process after 1,000 images and after all; and with ``--addresses``
its memory while it passes over so many addresses that earlier runs have dealt with.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from PIL import Image

from curator.collect import SOURCES, Limits
from curator.collect.judges import JUDGES
from curator.pipeline.ingest import ingest
from curator.progress import Silent
from curator.records import Candidate, Outcome
from curator.store import candidates, runs
from curator.store.candidates import Seen
from curator.store.dataset import create_dataset
from curator.store.rows import batches, now

WORKERS = 8
# Standard deviation, of 255.
GRAIN = 3.2
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
_NONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
# Many pictures from few: a comment of its own makes each another file.
_MARK = b"\xff\xfe\x00\x12%016d"


def main() -> None:
    """Measure, print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[640, 1024, 160], help="long sides, pixels"
    )
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--addresses", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [measure(options, size, Path(folder) / str(size)) for size in options.sizes]
        if options.addresses:
            known = Path(folder) / "known"
            in_child(deal_with, options.addresses, known)
            results.append(in_child(pass_over, options.addresses, known))
        # Now, because the removal of all these files takes minutes.
        tell(results, as_json=options.json)


def tell(results: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(results), flush=True)
        return
    for result in results:
        for name, value in result.items():
            print(f"{name:32} {value}")
        print(flush=True)


def measure(options: argparse.Namespace, size: int, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    port = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(port, size), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{port.get()}"
    turns: dict[str, list[dict[str, Any]]] = {"bare": [], "collect": []}
    for turn in range(options.turns):
        urls = [f"{base}/{turn}/{number}.jpg" for number in range(options.images)]
        for name, work in (("bare", fetch_all), ("collect", collect_all)):
            before = sum(psutil.Process(server.pid).cpu_times()[:2])
            told = in_child(work, urls, folder / f"{name}-{turn}")
            told["server"] = sum(psutil.Process(server.pid).cpu_times()[:2]) - before
            turns[name].append(told)
    server.kill()
    bare, ours = (min(told, key=lambda one: float(one["seconds"])) for told in turns.values())
    parts = ("processor", "judges", "server")
    return {
        "images": options.images,
        "pixels": f"{size} x {size * 3 // 4}",
        "bytes_an_image": len(picture(size, 0)),
        "bare_images_a_second": round(options.images / bare["seconds"]),
        "collect_images_a_second": round(options.images / ours["seconds"]),
        "ratio": round(bare["seconds"] / ours["seconds"], 2),
        "ratio_by_processor": round(undisturbed(bare) / undisturbed(ours), 2),
        "bare_us_an_image": {part: round(1e6 * bare[part] / options.images) for part in parts},
        "collect_us_an_image": {part: round(1e6 * ours[part] / options.images) for part in parts},
        "megabytes_at_1000": ours["at_1000"],
        "megabytes_at_end": ours["at_end"],
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def undisturbed(told: dict[str, Any]) -> float:
    """Seconds it would take at least if the cores were there for it alone."""
    together = told["processor"] + told["judges"] + told["server"]
    return float(max(told["processor"], told["server"], together / (os.cpu_count() or 1)))


def in_child(work: Any, *args: Any) -> dict[str, Any]:
    """Each turn in a process of its own, so that none inherits the memory of another."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    child = context.Process(target=_answer, args=(answers, work, *args))
    child.start()
    answer: dict[str, Any] = answers.get()
    child.join()
    return answer


def _answer(answers: Any, work: Any, *args: Any) -> None:
    answers.put(work(*args))


def processor(who: int) -> float:
    """Seconds that this process, or those that it started and that ended, have worked."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def fetch_all(urls: list[str], folder: Path) -> dict[str, Any]:
    folder.mkdir()
    before = processor(resource.RUSAGE_SELF)
    seconds = asyncio.run(download_bare(urls, folder))
    used = processor(resource.RUSAGE_SELF) - before
    return {"seconds": seconds, "processor": used, "judges": 0.0}


async def download_bare(urls: list[str], folder: Path) -> float:
    waiting = iter(enumerate(urls))
    started = time.monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=WORKERS)) as session:

        async def work() -> None:
            for number, url in waiting:
                async with session.get(url) as reply:
                    (folder / f"{number}.jpg").write_bytes(await reply.read())

        await asyncio.gather(*(work() for _ in range(WORKERS)))
    return time.monotonic() - started


def collect_all(urls: list[str], folder: Path) -> dict[str, Any]:
    folder.mkdir()
    listed = folder / "list.txt"
    listed.write_text("\n".join(urls))
    limits = Limits(
        threads=WORKERS, host_pause=0, host_requests=WORKERS, allow_hosts=("127.0.0.1",)
    )
    watched = Watched()
    with create_dataset(folder / "data") as dataset:
        started, before = time.monotonic(), processor(resource.RUSAGE_SELF)
        source = SOURCES.load("urls")(str(listed), limits)
        report = ingest(dataset, source, method="urls", params={}, progress=watched)
        seconds = time.monotonic() - started
    assert report.kept == len(urls), report
    # Once they have ended, the system tells what they took.
    JUDGES.close()
    return {
        "seconds": seconds,
        "processor": processor(resource.RUSAGE_SELF) - before,
        "judges": processor(resource.RUSAGE_CHILDREN),
        "at_1000": watched.at_1000,
        "at_end": megabytes(),
    }


class Watched(Silent):
    """Looks at the memory after 1,000 images."""

    done = 0
    at_1000 = 0.0

    def advance(self, done: int = 1, note: str = "") -> None:
        """One more, or a note."""
        self.done += done
        if self.done == 1000:
            self.at_1000 = megabytes()


def deal_with(count: int, folder: Path) -> dict[str, Any]:
    """What an earlier run left; in a process of its own, whose memory hides none of the next."""
    folder.mkdir()
    urls = [f"https://example.org/{number}/a-picture-of-something.jpg" for number in range(count)]
    (folder / "list.txt").write_text("\n".join(urls))
    with create_dataset(folder / "data") as dataset, dataset.write() as connection:
        run = runs.begin(connection, kind="collect", method="urls", params={})
        for batch in batches(urls, 1000):
            candidates.record(connection, run.id, [_refused(url) for url in batch])
    return {}


def pass_over(count: int, folder: Path) -> dict[str, Any]:
    with create_dataset(folder / "data") as dataset:
        source = SOURCES.load("urls")(str(folder / "list.txt"), Limits())
        before, started = megabytes(), time.monotonic()
        report = ingest(dataset, source, method="urls", params={}, progress=Silent())
    assert report.settled == count, report
    return {
        "addresses_passed_over": count,
        "addresses_a_second": round(count / (time.monotonic() - started)),
        "megabytes_before": before,
        "megabytes_at_end": megabytes(),
    }


def _refused(url: str) -> Seen:
    place = Candidate(url=url, source="urls", name="x")
    return Seen(
        candidate=place,
        outcome=Outcome.REFUSED,
        reason="not-found",
        detail="-",
        image_id=None,
        at=now(),
    )


def megabytes() -> float:
    """The most memory this process ever had."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def picture(size: int, seed: int) -> bytes:
    """Smooth colours under the grain of a camera: as many bytes as a photo of this size has."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    large = small.resize((size, size * 3 // 4), Image.Resampling.BICUBIC)
    grain = rng.normal(0, GRAIN, (size * 3 // 4, size, 1))
    pixels = (np.asarray(large) + grain).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=85)
    return out.getvalue()


def serve(port: Any, size: int) -> None:
    asyncio.run(_serve(port, size))


async def _serve(port: Any, size: int) -> None:
    pictures = [picture(size, seed) for seed in range(50)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            while (await reader.readline()) not in (b"\r\n", b""):
                pass
            path = line.split()[1]
            if path.endswith(b".jpg"):
                data = pictures[hash(path) % 50]
                mark = _MARK % (hash(path) % 10**16)
                writer.write(_HEAD % (len(data) + len(mark)) + data[:2] + mark + data[2:])
            else:
                writer.write(_NONE)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    main()
