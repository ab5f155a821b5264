"""Which detector is opened when nobody names one, and under which name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from curator.config import settings
from curator.detect import DETECTORS, choose
from curator.detect.own import WEIGHTS
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


def test_without_a_name_our_own_weights_are_opened(
    tmp_path: Path,
) -> None:
    for models in (None, tmp_path):
        detector = choose(models=models)
        assert detector.method == "curator:retinaface@640"
        assert detector.licence == DETECTORS.entries()["curator"].licence
    pack = tmp_path / "insightface/models/buffalo_l"
    pack.mkdir(parents=True)
    (pack / "det_10g.onnx").write_bytes(b"")
    # Research-only weights that happen to lie here are not used unasked.
    assert choose(models=tmp_path).name == "curator:retinaface"


def test_a_name_wins_over_the_setting_and_the_setting_over_our_own(
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
    pack = tmp_path / "insightface/models/buffalo_l"
    pack.mkdir(parents=True)
    (pack / "det_10g.onnx").write_bytes(b"")
    with pytest.raises(RunError, match=r"det_10g\.onnx: the weights are broken"):
        choose("insightface", models=tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "curator",
        "insightface:scrfd_500m",
        "insightface:scrfd_2.5g",
        "retinaface",
        "yunet",
        "retinaface:FILE",
    ],
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
    assert choose("curator", models=shared_models).licence.startswith("Apache-2.0")
    own = shared_models / "onnx/yunet_n_dynamic.onnx"
    assert choose(f"yunet:{own}").licence.startswith("unknown")


def test_weights_of_a_training_run_say_their_own_licence(tmp_path: Path) -> None:
    graph = onnx.load(str(WEIGHTS / "retinaface.onnx"))
    (tmp_path / "first").mkdir()
    file = tmp_path / "first" / "own.onnx"
    for licence, said in (("CC0-1.0", "CC0-1.0"), (None, "unknown: weights from a file")):
        del graph.metadata_props[:]
        onnx.helper.set_model_props(graph, {"license": licence} if licence else {})
        onnx.save(graph, str(file))
        for name in (f"scrfd:{file}", "run:first"):
            assert choose(name, runs=tmp_path).licence.startswith(said)


def test_weights_that_do_not_come_with_the_package_are_one_sentence() -> None:
    with pytest.raises(ConfigError, match="no weights 'large' come with curator; known: retina"):
        choose("curator:large")
