"""What training promises: it learns, goes on after any end with the same curve, counts its time."""

from __future__ import annotations

import csv
import itertools
import multiprocessing
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from curator.detect import choose
from curator.errors import ConfigError, InputError, RunError
from curator.pipeline.learn import judge
from curator.progress import Silent
from curator.train import TRAINERS, TrainOptions, loop
from curator.train.augment import Cropper
from curator.train.batches import Plan, batches
from curator.train.budget import Budget, StepClock
from curator.train.cache import cached
from curator.train.checkpoint import load
from curator.train.finding import find
from curator.train.loop import CHECKPOINT, Setup, Training
from curator.train.network import RetinaFaceNetwork
from curator.train.recipe import RECIPES, Recipe, recipe_named
from curator.train.targets import faces_of

QUICK = {
    "body": "thin",
    "sizes": ((1.0, 128),),
    "batch": 8,
    "side": 160,
    "face_sizes": (12.0, 70.0),
    "warmup": 10,
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def quick(name: str, **more) -> Recipe:
    return replace(RECIPES[name], **QUICK | {"judged_every": 100, "distortion": 0.3} | more)


def training(recipe: Recipe, folder: Path, epochs: float, **more) -> Training:
    setup = Setup(
        folder=folder,
        device="cpu",
        budget=Budget(epochs=epochs),
        steps_an_epoch=more.pop("steps_an_epoch", 4),
        ahead=0,
        **more,
    )
    folder.mkdir(parents=True, exist_ok=True)
    return Training(recipe, setup)


def cropper(samples, folder: Path, recipe: Recipe) -> Cropper:
    photos = cached(samples, folder / "cache", side=recipe.side, progress=Silent())
    return Cropper(photos, [faces_of(sample) for sample in samples], recipe)


def curve(folder: Path) -> list[dict[str, str]]:
    with (folder / "curve.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def unjudged(_: RetinaFaceNetwork) -> Mapping[str, float]:
    return {}


def unexported(*_: object) -> None:
    raise AssertionError("this trainer reads samples, no format")


def ap(network: RetinaFaceNetwork, samples) -> float:
    return judge(samples, list(find(network, samples, "cpu", side=160)))["ap_hard"]


@pytest.mark.parametrize(("name", "rate"), [("modern", 3e-3), ("paper", 2e-2)])
def test_faces_of_photos_never_seen_are_found_after_a_short_training(
    name: str, rate: float, drawn, tmp_path
) -> None:
    learned, held_out = drawn(24), drawn(12, split="val", seed=99)
    recipe = quick(name, learning_rate=rate, average=0.95 if name == "modern" else 0.0)
    trained = training(recipe, tmp_path, epochs=12, steps_an_epoch=10)
    before = ap(trained.best, held_out)
    trained.run(
        cropper(learned, tmp_path, recipe), lambda network: {"ap": ap(network, held_out)}, Silent()
    )
    rows = curve(tmp_path)
    losses = [float(row["loss_total"]) for row in rows]
    assert losses[-1] < 0.6 * losses[0]
    assert before < 0.1
    assert float(rows[-1]["ap"]) > 0.5
    assert list(tmp_path.glob("events.out.tfevents.*"))


def _killed(samples, folder: Path, recipe: Recipe) -> None:
    """In a process of its own: dies without a word in the middle of the second epoch."""
    torch.set_num_threads(1)
    run = training(recipe, folder, epochs=4, saved_every=0)
    take = run.step

    def step(batch) -> None:
        take(batch)
        if run.steps == 7:
            os.kill(os.getpid(), signal.SIGKILL)

    run.step = step  # type: ignore[method-assign]
    run.run(cropper(samples, folder, recipe), unjudged, Silent())


def test_a_run_killed_and_started_again_has_the_same_curve(drawn, tmp_path) -> None:
    samples, recipe = drawn(6), quick("modern", sizes=((0.6, 64), (1.0, 96)))
    whole = training(recipe, tmp_path / "whole", epochs=4)
    whole.run(cropper(samples, tmp_path / "whole", recipe), unjudged, Silent())
    folder = tmp_path / "killed"
    child = multiprocessing.get_context("spawn").Process(
        target=_killed, args=(samples, folder, recipe)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    resumed = training(recipe, folder, epochs=4)
    assert resumed.steps == 6
    resumed.run(cropper(samples, folder, recipe), unjudged, Silent())
    rows, undisturbed = curve(folder), curve(tmp_path / "whole")
    assert [row["step"] for row in rows] == ["4", "8", "12", "16"]
    for row, other in zip(rows, undisturbed, strict=True):
        for column in ("loss_total", "loss_boxes", "loss_points", "learning_rate"):
            assert float(row[column]) == pytest.approx(float(other[column]), rel=1e-4)
    for name, values in whole.best.state_dict().items():
        torch.testing.assert_close(resumed.best.state_dict()[name], values)


def test_an_interruption_between_steps_loses_nothing(drawn, tmp_path) -> None:
    samples, recipe = drawn(4), quick("modern", sizes=((1.0, 64),))

    class Interrupting(Silent):
        def advance(self, done: int = 1, note: str = "") -> None:
            if run.steps == 3:
                raise KeyboardInterrupt

    run = training(recipe, tmp_path, epochs=4)
    with pytest.raises(KeyboardInterrupt):
        run.run(cropper(samples, tmp_path, recipe), unjudged, Interrupting())
    assert training(recipe, tmp_path, epochs=4).steps == 3


def test_an_interruption_while_judging_loses_no_row_of_the_curve(drawn, tmp_path) -> None:
    samples, recipe = drawn(4), quick("modern", sizes=((1.0, 64),), judged_every=1)

    def interrupted(_: RetinaFaceNetwork) -> Mapping[str, float]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training(recipe, tmp_path, epochs=2).run(
            cropper(samples, tmp_path, recipe), interrupted, Silent()
        )
    training(recipe, tmp_path, epochs=2).run(
        cropper(samples, tmp_path, recipe), lambda _: {"ap": 0.5}, Silent()
    )
    assert [(row["step"], row["ap"]) for row in curve(tmp_path)] == [("4", "0.5"), ("8", "0.5")]


def test_looks_at_the_validation_split_take_no_more_than_half_of_the_time(
    drawn, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    samples, recipe = drawn(4), quick("modern", sizes=((1.0, 64),), judged_every=1)
    # A step, which asks for the time as it begins and as it ends, takes half a second.
    now = itertools.count(step=0.5)
    late = 0.0
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: next(now) + late))

    def judge(_: RetinaFaceNetwork) -> Mapping[str, float]:
        nonlocal late
        late += 10
        return {"ap": 0.5}

    training(recipe, tmp_path, epochs=8).run(cropper(samples, tmp_path, recipe), judge, Silent())
    # An epoch of four steps takes 2 s: after the first look 10.5 s have to go by, then the end.
    assert [row["epoch"] for row in curve(tmp_path) if row["ap"]] == ["1", "7", "8"]


def test_an_interruption_within_a_step_leaves_the_last_whole_one(drawn, tmp_path) -> None:
    samples, recipe = drawn(4), quick("modern", sizes=((1.0, 64),))
    run = training(recipe, tmp_path, epochs=4, saved_every=0)
    real = run.optimizer.step

    def step() -> None:
        real()
        if run.steps == 2:
            raise KeyboardInterrupt

    run.optimizer.step = step  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        run.run(cropper(samples, tmp_path, recipe), unjudged, Silent())
    state = load(tmp_path / CHECKPOINT)
    assert state is not None
    assert state.steps == 2


def test_a_run_that_is_over_stays_as_it_is(drawn, tmp_path) -> None:
    samples, recipe = drawn(4), quick("modern", sizes=((1.0, 64),))
    for _ in range(2):
        run = training(recipe, tmp_path, epochs=1)
        run.run(cropper(samples, tmp_path, recipe), unjudged, Silent())
        assert run.steps == 4
        assert len(curve(tmp_path)) == 1


def test_a_new_run_begins_with_the_weights_another_would_export(drawn, tmp_path) -> None:
    samples, recipe = drawn(4), quick("modern", sizes=((1.0, 64),))
    first = training(recipe, tmp_path / "first", epochs=1)
    first.run(cropper(samples, tmp_path, recipe), unjudged, Silent())
    start = tmp_path / "first" / CHECKPOINT
    second = training(replace(recipe, seed=1), tmp_path / "second", epochs=1, start=start)
    assert second.steps == 0
    for name, values in first.best.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[name], values)
    with pytest.raises(InputError, match="another network"):
        training(replace(recipe, body="yunet"), tmp_path / "third", epochs=1, start=start)
    with pytest.raises(InputError, match="no checkpoint"):
        training(recipe, tmp_path / "fourth", epochs=1, start=tmp_path / "nothing.pt")


def test_a_body_that_was_begun_with_learns_later_than_the_heads(
    drawn, shared_models: Path, tmp_path
) -> None:
    start = shared_models / "onnx" / "yunet_n_dynamic.onnx"
    samples, recipe = drawn(4), quick("transfer", body="yunet", frozen=(0.5, 1.0))
    recipe = replace(recipe, sizes=((1.0, 64),), learning_rate=1e-2)
    run = training(recipe, tmp_path / "run", epochs=1, start=start)
    began = {name: values.clone() for name, values in run.network.state_dict().items()}

    def moved() -> set[str]:
        now = run.network.state_dict()
        parts = {name.split(".")[0]: set() for name in now}
        for name, values in now.items():
            parts[name.split(".")[0]].add(torch.equal(values, began[name]))
        return {part for part, same in parts.items() if False in same}

    source = cropper(samples, tmp_path, recipe)
    drawn_ahead = batches(source, Plan(0, recipe.batch, 64, ahead=0))
    run.step(next(drawn_ahead))
    run.step(next(drawn_ahead))
    assert moved() == {"contexts", "logits", "boxes", "points"}
    run.step(next(drawn_ahead))
    assert moved() == {"body", "contexts", "logits", "boxes", "points"}
    for name, values in run.network.body.stages[0].state_dict().items():
        torch.testing.assert_close(values, began[f"body.stages.0.{name}"], rtol=0, atol=0)
    # What is folded here is folded in a run that begins with it.
    run.save()
    second = training(
        replace(recipe, seed=1), tmp_path / "next", epochs=1, start=tmp_path / "run" / CHECKPOINT
    )
    for name, values in run.best.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[name], values)


def test_a_checkpoint_of_another_recipe_is_refused(drawn, tmp_path) -> None:
    training(quick("modern"), tmp_path, epochs=1).save()
    with pytest.raises(RunError, match="another recipe"):
        training(quick("modern", learning_rate=1e-3), tmp_path, epochs=1)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"cos\nsystem\n(S'true'\ntR."])
def test_a_file_that_is_no_checkpoint_is_refused_unrun(content: bytes, tmp_path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(RunError, match="no checkpoint"):
        training(quick("modern"), tmp_path, epochs=1)


def test_crops_drawn_by_another_process_are_the_same(drawn, tmp_path) -> None:
    recipe = quick("modern")
    source = cropper(drawn(4), tmp_path, recipe)
    here, there = (next(batches(source, Plan(3, 2, 64, ahead))) for ahead in (0, 1))
    assert torch.equal(here.pixels, there.pixels)
    for one, other in zip(here.targets, there.targets, strict=True):
        assert torch.equal(one.boxes, other.boxes)


def test_a_pause_does_not_burn_the_budget() -> None:
    clock = StepClock()
    for _ in range(100):
        clock.add(0.2)
    clock.add(600.0)
    assert clock.seconds == pytest.approx(20.0 + 3 * 0.2)


def test_a_budget_ends_at_whichever_comes_first() -> None:
    both = Budget(minutes=1, epochs=2)
    assert both.share(steps=10, seconds=30, steps_an_epoch=10) == 0.5
    assert both.share(steps=10, seconds=60, steps_an_epoch=10) == 1
    assert both.share(steps=20, seconds=6, steps_an_epoch=10) == 1


def test_the_rate_rises_falls_and_ends_near_zero(tmp_path) -> None:
    run = training(quick("modern"), tmp_path, epochs=10, steps_an_epoch=10)
    rates = []
    for run.steps in range(100):
        rates.append(run.rate())
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) == rates[9] or max(rates) == rates[10]
    assert rates[50] == pytest.approx(0.505, rel=0.01)
    assert rates[99] < 0.012


def test_a_recipe_survives_being_written_down() -> None:
    for recipe in RECIPES.values():
        assert Recipe.from_dict(recipe.as_dict()) == recipe
    with pytest.raises(ConfigError, match="another version"):
        Recipe.from_dict({"name": "modern"})
    with pytest.raises(ConfigError, match="known: modern, transfer, paper"):
        recipe_named("secret")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "how long to train"),
        ({"minutes": 0}, "above 0"),
        ({"epochs": 1, "recipe": "secret"}, "unknown recipe"),
        ({"epochs": 1, "device": "abacus"}, "unknown device"),
        ({"epochs": 1, "recipe": "transfer"}, "trained weights.*--start"),
    ],
)
def test_an_option_out_of_range_is_one_sentence(options, sentence: str, drawn, tmp_path) -> None:
    train = TRAINERS.load("retinaface")
    with pytest.raises(ConfigError, match=sentence):
        train(
            drawn(1),
            tmp_path,
            TrainOptions(**options),
            judge=judge,
            export=unexported,
            progress=Silent(),
        )


def test_nothing_to_learn_is_said_before_anything_is_written(drawn, tmp_path) -> None:
    folder = tmp_path / "run"
    samples = [replace(sample, faces=()) for sample in drawn(2)]
    with pytest.raises(InputError, match="nothing to learn"):
        TRAINERS.load("retinaface")(
            samples,
            folder,
            TrainOptions(epochs=1),
            judge=judge,
            export=unexported,
            progress=Silent(),
        )
    assert not folder.exists()


def test_a_look_at_photos_does_not_spoil_training_at_their_size(drawn, tmp_path) -> None:
    # Anchors are remembered by size; those made while finding faces must serve a step as well.
    from curator.train.anchors import anchors_for

    anchors_for.cache_clear()
    samples, recipe = drawn(4), quick("modern", sizes=((1.0, 160),))
    run = training(recipe, tmp_path, epochs=1)
    assert len(list(find(run.best, samples, "cpu", side=160))) == 4
    run.run(cropper(samples, tmp_path, recipe), unjudged, Silent())
    assert run.steps == 4


def test_the_weights_recommend_the_score_that_was_best_in_the_end(
    drawn, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    recipe = replace(quick("modern", sizes=((1.0, 64),)), judged_every=1)
    monkeypatch.setitem(RECIPES, "modern", recipe)
    learned, watched = drawn(2)
    samples = [replace(learned, split="train"), replace(watched, split="val")]
    looks = iter([0.8, 0.31])

    def judged(chosen, found) -> dict[str, float]:
        return {"confidence": next(looks), "score_slope": 4.0, "score_centre": 0.2}

    trained = TRAINERS.load("retinaface")(
        samples,
        tmp_path,
        TrainOptions(epochs=2),
        judge=judged,
        export=unexported,
        progress=Silent(),
    )
    assert trained.figures["confidence"] == 0.31
    assert choose(f"scrfd:{trained.weights}").min_score == 0.31
