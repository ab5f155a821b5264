"""From a folder of photos to the official figures, without a dataset."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

# As the published Python evaluation prints them for these predictions.
PUBLISHED = {"easy": 0.9685655953751007, "medium": 0.9698018086923865, "hard": 0.8114415484548707}


def curator(*words: object, models: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"CURATOR_MODELS": str(models)} if models else {})
    command = [sys.executable, "-m", "curator", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_the_official_figures_come_out_with_their_curves(
    shared_data: Path, synthetic_predictions: Path, tmp_path: Path
) -> None:
    truth = shared_data / "wider_val" / "ground_truth"
    words = ("evaluate", "wider", "--predictions", synthetic_predictions, "--ground-truth", truth)
    printed = json.loads(curator(*words, "--json").stdout)
    assert {name: printed[name] for name in PUBLISHED} == pytest.approx(PUBLISHED, abs=1e-6)
    table = curator(*words, "--curves", tmp_path / "curves.png")
    assert "0.969" in table.stdout
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 400


def test_any_detector_can_be_judged_on_a_folder_of_photos(
    shared_data: Path, shared_models: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos" / "0--Parade"
    photos.mkdir(parents=True)
    for photo in sorted((shared_data / "wider_val" / "images" / "0--Parade").iterdir())[:12]:
        (photos / photo.name).symlink_to(photo)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 cut")
    out = tmp_path / "out"
    words = ("detect", "--detector", "yunet", "--images", photos.parent, "--predictions", out)
    report = json.loads(
        curator(*words, "--min-score", "0.02", "--json", models=shared_models).stdout
    )
    assert report["photos"] == 13
    assert list(report["unreadable"]) == ["0--Parade/broken"]
    assert (out / "0--Parade" / "broken.txt").read_text().splitlines()[1] == "0"
    (out / "0--Parade" / "broken.txt").unlink()
    (photos / "broken.jpg").unlink()
    truth = shared_data / "wider_val" / "ground_truth"
    judged = curator(
        *("evaluate", "wider", "--predictions", out, "--ground-truth", truth),
        *("--photos", photos.parent, "--json"),
    )
    # The owners of YuNet report 0.89 on the easy faces of the whole set; these are twelve photos.
    assert json.loads(judged.stdout)["easy"] > 0.7


def test_half_of_the_options_is_a_sentence(tmp_path: Path) -> None:
    wrong = curator("detect", "--images", tmp_path)
    assert wrong.returncode == 2
    assert "--predictions" in wrong.stderr
    wrong = curator("detect", "--images", tmp_path, "--predictions", tmp_path, "--scales", "5OO")
    assert wrong.returncode == 2
    assert "whole pixels, such as 500,800" in wrong.stderr
    empty = curator("detect", "--images", tmp_path, "--predictions", tmp_path / "out")
    assert empty.returncode == 3
    assert "no photos" in empty.stderr
