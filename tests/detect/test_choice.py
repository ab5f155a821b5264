"""Which detector is opened when nobody names one, and under which name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.config import settings
from curator.detect import DETECTORS, choose
from curator.detect.choice import on_this_machine
from curator.errors import ConfigError, RunError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """No setting, and an empty home."""
    for variable in ("CURATOR_MODELS", "CURATOR_DETECTOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def put(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")


def test_the_better_weights_come_first(tmp_path: Path) -> None:
    assert on_this_machine(None) is None
    assert on_this_machine(tmp_path) is None
    # Each is better than all before it.
    for name, file in (
        ("retinaface:retinaface_mnet025", "onnx/retinaface_mnet025.onnx"),
        ("yunet:yunet_n_dynamic", "onnx/yunet_n_dynamic.onnx"),
        ("insightface:scrfd_500m", "insightface/models/scrfd_500m/det_500m.onnx"),
        ("insightface:scrfd_2.5g", "insightface/models/scrfd_2.5g/det_2.5g.onnx"),
        ("insightface:buffalo_l", "insightface/models/buffalo_l/det_10g.onnx"),
    ):
        put(tmp_path / file)
        assert on_this_machine(tmp_path) == name


def test_packs_that_insightface_downloaded_itself_are_found() -> None:
    put(Path.home() / ".insightface/models/buffalo_l/det_10g.onnx")
    assert on_this_machine(None) == "insightface:buffalo_l"


def test_a_folder_without_weights_is_no_pack(tmp_path: Path) -> None:
    put(tmp_path / "insightface/models/buffalo_l/readme.txt")
    assert on_this_machine(tmp_path) is None


def test_without_a_name_the_best_of_the_models_folder_is_opened(
    monkeypatch: pytest.MonkeyPatch, shared_models: Path
) -> None:
    monkeypatch.setenv("CURATOR_MODELS", str(shared_models))
    settings.cache_clear()
    assert choose().name == "insightface:scrfd_2.5g"


def test_a_name_wins_over_the_setting_and_the_setting_over_the_best(
    monkeypatch: pytest.MonkeyPatch, shared_models: Path
) -> None:
    monkeypatch.setenv("CURATOR_DETECTOR", "yunet")
    settings.cache_clear()
    assert choose(models=shared_models).name == "yunet:yunet_n_dynamic"
    assert choose("retinaface", models=shared_models).name == "retinaface:retinaface_mnet025"


def test_an_unknown_detector_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="unknown detector 'mtcnn'") as caught:
        choose("mtcnn")
    assert all(name in str(caught.value) for name in DETECTORS.names())


def test_a_models_folder_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent does not exist.*CURATOR_MODELS"):
        choose("yunet", models=tmp_path / "absent")


def test_a_broken_file_in_a_pack_is_named(tmp_path: Path) -> None:
    put(tmp_path / "insightface/models/buffalo_l/det_10g.onnx")
    with pytest.raises(RunError, match=r"det_10g\.onnx: the weights are broken"):
        choose(models=tmp_path)


@pytest.mark.parametrize(
    "name",
    ["insightface:scrfd_500m", "insightface:scrfd_2.5g", "retinaface", "yunet", "retinaface:FILE"],
)
def test_the_name_of_a_detector_opens_it_again(name: str, shared_models: Path) -> None:
    name = name.replace("FILE", str(shared_models / "onnx/retinaface_mnet025.onnx"))
    first = choose(name, models=shared_models)
    again = choose(first.name, models=shared_models)
    assert (again.method, again.weights_sha256) == (first.method, first.weights_sha256)
    assert str(shared_models) not in first.method


def test_a_pack_may_be_a_folder(shared_models: Path) -> None:
    folder = shared_models / "insightface/models/scrfd_500m"
    detector = choose(f"insightface:{folder}")
    assert detector.method == "insightface:scrfd_500m@640"


def test_the_method_tells_weights_sizes_and_mode_apart(shared_models: Path) -> None:
    methods = {
        choose(name, models=shared_models, size=size, accurate=accurate).method
        for name in ("yunet", "insightface:scrfd_2.5g")
        for size in (None, 320)
        for accurate in (False, True)
    }
    assert len(methods) == 8


def test_every_detector_says_whose_weights_it_uses(shared_models: Path) -> None:
    assert "non-commercial" in choose("insightface:scrfd_500m", models=shared_models).licence
    assert choose("yunet", models=shared_models).licence == "MIT"
    assert choose("retinaface", models=shared_models).licence == "MIT"
    own = shared_models / "onnx/yunet_n_dynamic.onnx"
    assert choose(f"yunet:{own}").licence.startswith("unknown")
