"""Settings: environment variables named ``CURATOR_*``, read once per command.

The only module of the ground floor that looks at the outside world.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from curator.errors import ConfigError


class Settings(BaseSettings):
    """All that can be set from outside; each field is ``CURATOR_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="CURATOR_", frozen=True)

    dataset: Path | None = Field(None, description="The dataset folder used without --dataset.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; the folder's own SQLite file without it."
    )
    models: Path | None = Field(
        None, description="A folder of weights on this machine: onnx/*.onnx, insightface/models/*."
    )
    environments: Path | None = Field(
        None,
        description="Where the environments of other programs are made; beside the own without.",
    )
    detector: str | None = Field(None, description="The detector used without --detector.")
    second_opinion: float = Field(
        0.0, ge=0, le=1, description="Share of finished images that a second person is asked about."
    )
    threads: int = Field(2, ge=1, description="Threads for decoding and for the network.")
    max_image_bytes: int = Field(
        50_000_000, ge=1, description="Files larger than this are refused."
    )
    max_image_pixels: int = Field(
        100_000_000, ge=1, description="Images of more pixels than this are refused undecoded."
    )
    timeout: float = Field(20.0, gt=0, description="Seconds to wait for a server to answer.")
    allow_hosts: str = Field(
        "",
        description="Hosts, addresses and networks that may be asked although they are not public.",
    )
    flickr_key: str | None = Field(
        None, description="The key that Flickr gave you for its API.", repr=False
    )
    host_pause: float = Field(
        0.25, ge=0, description="Seconds between two requests to one host, at least."
    )
    user_agent: str = Field(
        "curator/0.1 (face dataset curation)",
        description="How the crawler introduces itself; put an address for complaints here.",
    )


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigError: if a variable holds a value of the wrong type or range.
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as cause:
        first = cause.errors()[0]
        name = "CURATOR_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"{name}: {first['msg']} (got {first['input']!r})") from cause
