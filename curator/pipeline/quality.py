"""Judge: stored measures -> a table -> rules -> keep, ask or drop; nothing is deleted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from curator.attributes import ATTRIBUTES
from curator.duplicates import groups
from curator.errors import ConfigError
from curator.pipeline.duplicates import worths
from curator.quality import MEASURES, Judgement, Rule, Table, judge, parse, preset
from curator.quality.attributes import LIMITS, proposed
from curator.records import CopyKind, Decision, NewTask, Reason, Verdict
from curator.store import labelling, measures, pairs, proposals, verdicts
from curator.store.dataset import Dataset
from curator.store.proposals import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterReport:
    """What rules make of a dataset.

    Attributes:
        rules: As they read.
        faces: All that count.
        measured: Of these.
        counts: Decision -> faces.
        broken: Rule -> faces that break it.
        unknown: Rule -> faces of which it cannot be judged.
        people: Faces that a person decided about.
        sources: Where images came from -> decision -> faces.
    """

    rules: tuple[str, ...]
    faces: int
    measured: int
    counts: Mapping[str, int]
    broken: Mapping[str, int]
    unknown: Mapping[str, int]
    people: int
    sources: Mapping[str, Mapping[str, int]]


def read_rules(name: str | None, text: str | None) -> tuple[Rule, ...]:
    """The rules of a preset, further ones, or both.

    Raises:
        ConfigError: if neither is given, there is no such preset, or a rule cannot be read.
    """
    if name is None and not (text or "").strip():
        raise ConfigError('say how to filter: --preset NAME or --rule "face height >= 32 px"')
    base = parse(preset(name).rules) if name is not None else ()
    return base + parse(text or "")


def load_table(dataset: Dataset) -> Table:
    """Every face that counts, with its measures as columns."""
    with dataset.read() as connection:
        lines = list(measures.lines(connection))
        every = pairs.every(connection)
    count = len(lines)
    raw = {name: np.full(count, np.nan) for name in MEASURES}
    labelled: dict[str, np.ndarray] = {}
    for place, line in enumerate(lines):
        for name, value in line.numbers.items():
            if name in raw:
                raw[name][place] = value
        for name, value in line.attributes.items():
            if name in ATTRIBUTES and isinstance(value, int | float):
                labelled.setdefault(name, np.full(count, np.nan))[place] = value
    ids = np.array([line.image_id for line in lines], np.int64)
    copied = groups(every, [CopyKind.COPY], worths(dataset, every).__getitem__)
    spare = [image for group in copied for image in group.images[1:]]
    others = {image: len(group.images) - 1 for group in copied for image in group.images}
    return Table(
        faces=np.array([line.face_id for line in lines], np.int64),
        images=ids,
        raw={name: values for name, values in raw.items() if not np.isnan(values).all()},
        attributes=labelled,
        copies=np.array([others.get(int(image), 0) for image in ids], np.float64),
        best_copy=~np.isin(ids, spare),
        sources=np.array([line.source for line in lines], object),
        queries=np.array([line.query for line in lines], object),
    )


def people_said(dataset: Dataset) -> list[Verdict]:
    """The verdicts of people."""
    with dataset.read() as connection:
        return verdicts.every(connection)


def judged(dataset: Dataset, rules: Sequence[Rule]) -> tuple[Table, Judgement]:
    """The table of a dataset and the verdicts on it."""
    table = load_table(dataset)
    return table, judge(table, rules, people_said(dataset))


def report(table: Table, judgement: Judgement) -> FilterReport:
    """The verdicts, counted."""
    texts = [rule.text for rule in judgement.rules]
    broken, unknown = (judgement.broken.sum(axis=1), judgement.unknown.sum(axis=1))
    return FilterReport(
        rules=tuple(texts),
        faces=len(table),
        measured=int((~np.isnan(table.values("FaceHeight"))).sum()),
        counts={str(name): count for name, count in judgement.counts().items()},
        broken=dict(zip(texts, broken.tolist(), strict=True)),
        unknown={t: n for t, n in zip(texts, unknown.tolist(), strict=True) if n},
        people=len(judgement.people),
        sources=by_source(table, judgement),
    )


def ask_people(dataset: Dataset, table: Table, judgement: Judgement) -> int:
    """Put every face with the verdict ``ask`` into the queue, the more reasons the earlier.

    Returns:
        How many were not in it before.
    """
    most = max(len(judgement.rules), 1)
    tasks = []
    for index in judgement.chosen(Decision.ASK).tolist():
        reasons = judgement.reasons(index)
        tasks.append(
            NewTask(
                image_id=int(table.images[index]),
                face_id=int(table.faces[index]),
                reason=Reason.QUALITY,
                priority=min(1.0, 0.3 + 0.5 * len(reasons) / most),
                detail="; ".join(reasons),
            )
        )
    with dataset.write() as connection:
        return labelling.enqueue(connection, tasks)


def by_source(table: Table, judgement: Judgement) -> dict[str, dict[str, int]]:
    """Source, with what was searched for -> decision -> faces; the worst source first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    names = [
        f"{source}: {query}" if query else str(source)
        for source, query in zip(table.sources, table.queries, strict=True)
    ]
    for name, code in zip(names, judgement.codes.tolist(), strict=True):
        counts[name][str((Decision.KEEP, Decision.ASK, Decision.DROP)[code])] += 1

    def kept(item: tuple[str, Counter[str]]) -> float:
        return item[1][Decision.KEEP] / item[1].total()

    return {name: dict(found) for name, found in sorted(counts.items(), key=kept)}


def propose_attributes(dataset: Dataset, limits: Mapping[str, float] = LIMITS) -> dict[str, int]:
    """Store what measures propose as attributes, in place of what they proposed before.

    What people or files say of a face stays, and comes first wherever both are read.

    Returns:
        Attribute -> faces that have a proposal.
    """
    table = load_table(dataset)
    found = proposed(table, limits)
    with dataset.read() as connection:
        known = measures.versions(connection, table.faces.tolist())
    rows = []
    for place, face_id in enumerate(table.faces.tolist()):
        said = {name: int(values[place]) for name, values in found.items() if values[place] >= 0}
        if said:
            rows.append(Proposal(face_id, known[face_id], said))
    with dataset.write() as connection:
        proposals.replace_all(connection, rows, limits)
    return {name: int((values >= 0).sum()) for name, values in found.items()}
