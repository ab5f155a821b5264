"""Every limit of collecting, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from curator.config import Settings
from curator.errors import ConfigError

FRAMES = ("every", "scenes", "tracks")
_LOWEST = {
    **dict.fromkeys(("max_depth", "max_redirects", "pause", "host_pause", "longest_wait"), 0),
    **dict.fromkeys(("timeout", "max_seconds", "max_run_seconds", "frame_seconds"), 0.01),
    "obey": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a source may do, and what an image may be.

    Attributes:
        max_bytes: Larger files are refused, a download as soon as it passes this.
        max_pixels: Images of more pixels are refused before they are decoded.
        min_side: Images with a shorter side, in pixels, are refused.
        max_images: The source ends after this many images of this run.
        max_total_bytes: The source ends once its images of this run are this much.
        max_run_seconds: The source ends with the first image after so long.
        threads: For reading, downloading and decoding.
        timeout: Seconds without any sign of life from a server.
        max_seconds: Seconds for one whole download, redirects included, however alive.
        attempts: How often a download with a passing trouble is tried.
        pause: Seconds before the second attempt; doubled before each further one.
        host_pause: Seconds between the starts of two requests to one host.
        host_requests: To one host at a time.
        longest_wait: Seconds; a busy server that asks for more is left for another run.
        obey: Leave alone what robots.txt, ``X-Robots-Tag`` and ``meta`` elements forbid.
        max_redirects: Of one download.
        user_agent: How we introduce ourselves to servers.
        max_pages: Of one web site.
        max_depth: Links between the start page and the furthest page; 0 is the start page alone.
        max_page_bytes: Larger web pages are refused.
        also_hosts: Hosts whose images are taken when a page of the site shows or links them,
            such as ``cdn.example.com``, or ``*`` for any; their pages are not visited.
        allow_hosts: Hosts, addresses and networks that may be asked although they are not public;
            see :class:`curator.collect.guard.Guard`.
        filters: Of a search: name and value, such as ``("license", "commercial")``.
        max_results: Of a search.
        api_key: For engines that ask for one; never shown, never stored.
        frames: Of a video: ``every``, ``scenes`` or ``tracks``; see
            :class:`curator.collect.video.VideoSource`.
        frame_seconds: Between two frames of ``every``.
        max_members: Entries of one archive.
        max_ratio: Of unpacked to packed size in an archive, judged above one megabyte.
    """

    max_bytes: int = 50_000_000
    max_pixels: int = 100_000_000
    min_side: int = 1
    max_images: int | None = None
    max_total_bytes: int = 100_000_000_000
    max_run_seconds: float | None = None
    threads: int = 2
    timeout: float = 20.0
    max_seconds: float = 60.0
    attempts: int = 3
    pause: float = 0.5
    host_pause: float = 0.25
    host_requests: int = 2
    longest_wait: float = 120.0
    obey: bool = True
    max_redirects: int = 5
    user_agent: str = "curator (face dataset curation)"
    max_pages: int = 1000
    max_depth: int = 3
    max_page_bytes: int = 5_000_000
    also_hosts: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    max_results: int = 200
    api_key: str | None = field(default=None, repr=False)
    frames: str = "scenes"
    frame_seconds: float = 1.0
    max_members: int = 1_000_000
    max_ratio: int = 200

    def __post_init__(self) -> None:
        """Refuse limits under which nothing can be collected.

        Raises:
            ConfigError: naming the first limit that is out of range.
        """
        if self.frames not in FRAMES:
            raise ConfigError(f"frames {self.frames!r}: not one of {', '.join(FRAMES)}")
        for name in self.__slots__:
            value = getattr(self, name)
            lowest = _LOWEST.get(name, 1)
            if isinstance(value, int | float) and value < lowest:
                raise ConfigError(f"the limit {name} is {value}; it must be at least {lowest}")

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings state; the others as they are by default."""
        return cls(
            max_bytes=settings.max_image_bytes,
            max_pixels=settings.max_image_pixels,
            threads=settings.threads,
            timeout=settings.timeout,
            max_seconds=max(60.0, 3 * settings.timeout),
            user_agent=settings.user_agent,
            host_pause=settings.host_pause,
            api_key=settings.flickr_key,
            allow_hosts=tuple(settings.allow_hosts.replace(",", " ").split()),
        )
