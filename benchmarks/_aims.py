"""What a benchmark is asked to show, and whether it did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Aim:
    """One figure that was asked for; of one that was not, `met` is None."""

    what: str
    asked: str
    measured: str
    met: bool | None

    @property
    def row(self) -> str:
        """The row of a table."""
        said = "-" if self.met is None else "yes" if self.met else "NO"
        return f"| {self.what} | {self.asked} | {self.measured} | {said} |"


@dataclass
class Section:
    """Lines of a page, and the aims that they bear out."""

    lines: list[str] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)


def table(aims: list[Aim]) -> list[str]:
    """Return a table of aims."""
    return [
        "| must show | asked | measured | met |",
        "|---|---|---|---|",
        *(aim.row for aim in aims),
    ]
