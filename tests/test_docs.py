"""What the README says is there, and what is there the README says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from curator import errors
from curator.cli.main import STORY, command_line
from curator.collect import SOURCES
from curator.config import Settings
from curator.detect import DETECTORS
from curator.formats import FORMATS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
GROUP = typer.main.get_command(command_line())
COMMANDS = GROUP.commands  # type: ignore[attr-defined]


def said(text: str) -> list[str]:
    """Every ``curator ...`` line of the code blocks of a document."""
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("curator ")]


def test_the_verbs_of_each_module_are_known_before_it_is_imported() -> None:
    for verbs in STORY.values():
        alone = typer.main.get_command(command_line(verbs[0]))
        assert set(alone.commands) == {*verbs, "version"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_that_ends_with_an_example(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert re.search(rf"Example: `curator {name}\b[^`]*`\.$", text.strip()), text


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"version", "demo"}))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"curator {name}" in README


@pytest.mark.parametrize("line", said(README))
def test_every_line_of_the_readme_parses(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    with GROUP.make_context("curator", words[:1], resilient_parsing=True) as context:
        command = COMMANDS[words[0]]
        command.make_context(words[0], words[1:], parent=context)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`CURATOR_{name.upper()}`" in README


@pytest.mark.parametrize("name", FORMATS.names() + DETECTORS.names())
def test_every_format_and_detector_is_in_the_readme(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("name", SOURCES.names())
def test_every_source_is_in_the_readme(name: str) -> None:
    assert f"curator collect {name} " in README


def test_every_exit_status_is_in_the_readme() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    statuses = {kind.exit_status for kind in kinds if issubclass(kind, errors.CuratorError)}
    assert statuses == {1, 2, 3, 4, 5, 6, 7}
    for status in statuses:
        assert f"`{status}` " in README.split("## Exit status")[1]
