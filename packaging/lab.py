"""Where the bundle is tried: a strange folder, an empty environment, no source tree, a screen."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
START = ROOT / "packaging" / "start.py"
_TIMEOUT = 240


@dataclass
class Ended:
    """How a run ended: exit code, what it said, seconds."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass
class Lab:
    """A folder with a copy of the bundle in it.

    Attributes
    ----------
    folder : Path
        Has a space and letters beyond ASCII in its name.
    program : Path
        The copied executable.
    """

    folder: Path
    program: Path
    homes: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    def home(self) -> Path:
        """Return a new empty home."""
        home = self.folder / f"home {next(self.homes)}"
        home.mkdir()
        return home

    def environment(self, home: Path, screen: str = "") -> dict[str, str]:
        """Return the least that a program gets: where home is, and the screen."""
        environment = {"HOME": str(home)}
        if sys.platform == "win32":
            kept = ("SYSTEMROOT", "WINDIR", "TEMP", "TMP")
            environment = {name: os.environ[name] for name in kept if name in os.environ}
            environment |= {name: str(home) for name in ("USERPROFILE", "APPDATA", "LOCALAPPDATA")}
            # Windows knows the user's folder of settings from elsewhere.
            environment["STRUCTMASK_HOME"] = str(home)
        if not screen:
            environment["QT_QPA_PLATFORM"] = "offscreen"
        elif sys.platform.startswith("linux"):
            environment["DISPLAY"] = screen
        return environment

    @property
    def console(self) -> Path:
        """Return the executable that a shell waits for and reads from."""
        if sys.platform == "win32":
            return self.program.with_name("structmask-cli.exe")
        return self.program

    def run(
        self,
        *arguments: str | Path,
        home: Path | None = None,
        screen: str = "",
        program: Path | None = None,
        closed: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run the copied program with an empty environment, the source tree out of its reach.

        Parameters
        ----------
        arguments : str or Path
        home : Path, optional
            A new empty one if not given.
        screen : str
            The X display, or any word for the desktop of other systems; offscreen if empty.
        program : Path, optional
            Another program than the executable.
        closed : bool
            Start it without standard input, output and error, as a desktop without console does.
        more : dict, optional
            More of its environment.
        """
        command = [str(program or self.program), *map(str, arguments)]
        if closed:
            command = ["/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *command]
        return _run(
            [*self.hidden, *command],
            {**self.environment(home or self.home(), screen), **(more or {})},
            self.folder,
        )

    def run_source(self, *arguments: str | Path, home: Path | None = None) -> Ended:
        """Run the same from the source tree, offscreen."""
        environment = os.environ | {
            "STRUCTMASK_HOME": str(home or self.home()),
            "QT_QPA_PLATFORM": "offscreen",
        }
        return _run([sys.executable, str(START), *map(str, arguments)], environment, ROOT)

    @cached_property
    def hidden(self) -> list[str]:
        """Return the words before a command that hide the source tree and Python from it.

        They lay empty folders over them, in a view of the file system that only the command has.
        That needs root on Linux; elsewhere nothing is hidden, and that nothing of them was loaded
        is checked afterwards all the same.
        """
        if not sys.platform.startswith("linux") or os.geteuid() != 0:
            return []
        covered = {ROOT, Path(sys.prefix), Path(sys.base_prefix)} - {Path("/usr")}
        # One that lies in another is covered with it.
        covered = {p for p in covered if not any(o in p.parents for o in covered)}
        mounts = " && ".join(f"mount -t tmpfs none '{path}'" for path in covered)
        words = ["unshare", "-m", "--", "/bin/sh", "-c", f'{mounts} && exec "$0" "$@"']
        tried = subprocess.run([*words, "/bin/true"], capture_output=True, check=False)
        return words if tried.returncode == 0 else []


def _run(command: Sequence[str], environment: dict[str, str], folder: Path) -> Ended:
    begun = time.monotonic()
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=folder,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(-1, "", f"still running after {_TIMEOUT} s", _TIMEOUT)
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    return Ended(done.returncode, out, err, time.monotonic() - begun)


@contextmanager
def lab(bundle: Path, archive: Path | None) -> Iterator[Lab]:
    """Copy the bundle, from its archive if there is one, and take everything away afterwards."""
    with tempfile.TemporaryDirectory(prefix="structmask-") as temporary:
        folder = Path(temporary) / "Bündel im Test ñ"
        folder.mkdir()
        if archive is not None:
            subprocess.run(["tar", "-xJf", str(archive), "-C", str(folder)], check=True)
        else:
            shutil.copytree(bundle, folder / bundle.name, symlinks=True)
        copy = folder / bundle.name
        if bundle.suffix == ".app":
            program = copy / "Contents" / "MacOS" / "StructMask"
        else:
            program = copy / ("StructMask.exe" if sys.platform == "win32" else "StructMask")
        yield Lab(folder, program)


@contextmanager
def screen(folder: Path, size: tuple[int, int]) -> Iterator[tuple[str, Path]]:
    """Start a virtual X screen; yields its name and the file that holds its pixels."""
    read, write = os.pipe()
    server = subprocess.Popen(
        [
            *("Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24"),
            *("-fbdir", str(folder), "-nolisten", "tcp"),
        ],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as numbers:
            yield f":{numbers.readline().strip()}", folder / "Xvfb_screen0"
    finally:
        server.terminate()
        server.wait(timeout=20)


def screenshot(pixels: Path, target: Path) -> int:
    """Write what a virtual screen shows as PNG; return how many colours it shows.

    The screen keeps its pixels in an XWD file: numbers of 32 bits, most significant byte first, of
    which the first is the size of the header; then the colours, of 12 bytes; then the pixels.
    """
    from PIL import Image

    data = pixels.read_bytes()
    header = struct.unpack(">25I", data[:100])
    width, height, stride, colours = header[4], header[5], header[12], header[19]
    start = header[0] + 12 * colours
    body = data[start : start + stride * height]
    image = Image.frombytes("RGB", (width, height), body, "raw", "BGRX", stride)
    image.save(target)
    found = image.getcolors(1 << 24)
    return len(found) if found else 0
