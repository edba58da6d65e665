"""`make bundle`: the folder dist/StructMask, and what is downloaded.

Linux: an archive and a self-extracting file; Windows: an archive (the installer is made by
windows/structmask.iss); macOS: StructMask.app (the disk image by macos/make_dmg.sh). With
``--folder-only`` nothing is packed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import icons
from version_info import version_text

from structmask_gui.version import __version__

HERE = Path(__file__).parent
ROOT = HERE.parent
DIST, WORK = ROOT / "dist", ROOT / "build" / "bundle"
FOLDER = DIST / "StructMask"
# What a page opened from a disk never asks for: what a web server and debuggers want, search in
# other languages than English.
_NOT_IN_GUIDE = ("*.map", "sitemap.xml*", "objects.inv", "404.html", "search_index.json")
_NOT_IN_GUIDE += ("lunr.*.min.js", "tinyseg.js", "wordcut.js")
MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}


def main() -> None:
    """Build everything this system can build."""
    begun = time.monotonic()
    check_tools(packing="--folder-only" not in sys.argv)
    WORK.mkdir(parents=True, exist_ok=True)
    icons.make(WORK)
    (WORK / "version.txt").write_text(version_text(__version__), encoding="utf-8")
    say("guide", folder_size(build_guide(WORK / "guide")), begun)
    freeze(ROOT / "packaging" / "structmask.spec", DIST)
    if sys.platform.startswith("linux"):
        add_desktop_files(FOLDER)
    say("folder", folder_size(FOLDER), begun)
    if "--folder-only" in sys.argv:
        return
    for file in packed():
        say(file.name, file.stat().st_size, begun)
    write_checksums(DIST)


def check_tools(*, packing: bool) -> None:
    """End with a sentence, before anything takes long, if a tool of the system is missing."""
    if not sys.platform.startswith("linux"):
        return
    # PyInstaller asks objdump; strip is of the same package.
    wanted = {"objdump": "binutils", "strip": "binutils"}
    wanted |= {"tar": "tar", "xz": "xz-utils"} if packing else {}
    missing = [tool for tool in wanted if shutil.which(tool) is None]
    if missing:
        packages = " ".join(sorted({wanted[tool] for tool in missing}))
        raise SystemExit(
            f"error: {', '.join(missing)} is needed to make the bundle; install it (on Debian or"
            f" Ubuntu: apt-get install {packages})."
        )


def build_guide(folder: Path) -> Path:
    """Build the guide afresh; a warning ends it. Return its folder."""
    if find_spec("mkdocs") is None:
        raise SystemExit("error: mkdocs is missing; install the group docs of pyproject.toml.")
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={"SOURCE_DATE_EPOCH": "0", **os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )
    if done.returncode:
        raise SystemExit("error: the guide could not be built; see above.")
    for pattern in _NOT_IN_GUIDE:
        for path in folder.rglob(pattern):
            path.unlink()
    return folder


def freeze(spec: Path, dist: Path) -> None:
    """Run PyInstaller."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"),
            *("--distpath", str(dist), "--workpath", str(WORK / "work"), str(spec)),
        ],
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise SystemExit("error: PyInstaller could not make the bundle; see above.")


def add_desktop_files(folder: Path) -> None:
    """Put what a Linux desktop wants to know beside the program, in the folders it looks in."""
    share = folder / "share"
    name = "structmask"
    for source, target in (
        ("structmask.desktop", f"applications/{name}.desktop"),
        ("structmask.metainfo.xml", f"metainfo/{name}.metainfo.xml"),
        ("structmask-preset.xml", f"mime/packages/{name}-preset.xml"),
    ):
        (share / target).parent.mkdir(parents=True, exist_ok=True)
        text = (HERE / "linux" / source).read_text(encoding="utf-8")
        (share / target).write_text(text.replace("@VERSION@", __version__), encoding="utf-8")
    for size in (16, 32, 48, 128, 256):
        place = share / f"icons/hicolor/{size}x{size}/apps"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(WORK / f"app-{size}.png", place / f"{name}.png")
    place = share / "icons/hicolor/scalable/apps"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "resources/icons/structmask.svg", place / f"{name}.svg")
    for script in ("install.sh", "uninstall.sh"):
        shutil.copyfile(HERE / "linux" / script, folder / script)
        (folder / script).chmod(0o755)


def packed() -> list[Path]:
    """Make the files people download."""
    machine = platform.machine().lower()
    machine = MACHINES.get(machine, machine)
    if sys.platform.startswith("linux"):
        archive = DIST / f"StructMask-{__version__}-linux-{machine}.tar.xz"
        pack(FOLDER, archive)
        return [archive, self_extracting(archive)]
    if sys.platform == "win32":
        base = DIST / f"StructMask-{__version__}-windows-{machine}"
        return [Path(shutil.make_archive(str(base), "zip", DIST, FOLDER.name))]
    return []


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder; the same contents always make the same archive."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "0")
    tar = ["tar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{epoch}"]
    tar += ["-C", str(folder.parent), "-cf", "-", folder.name]
    # Level 5 takes a minute and is a twentieth smaller than 3; above, half a per cent is gained. A
    # filter that knows machine code gains another twentieth and takes no time.
    filters = ["--x86", "--lzma2=preset=5"] if platform.machine() == "x86_64" else ["-5"]
    with (
        archive.open("wb") as out,
        subprocess.Popen(tar, stdout=subprocess.PIPE) as files,
    ):
        subprocess.run(["xz", *filters, "-T0", "-c"], stdin=files.stdout, stdout=out, check=True)
    if files.returncode:
        raise SystemExit("error: tar failed.")


def self_extracting(archive: Path) -> Path:
    """Put a shell script before an archive that unpacks it once and starts the program."""
    contents = archive.read_bytes()
    script = (HERE / "linux" / "run_stub.sh").read_text(encoding="utf-8")
    script = script.replace("@VERSION@", __version__)
    script = script.replace("@SHA256@", hashlib.sha256(contents).hexdigest())
    # The number's own length must not change the length of the script.
    size = len(script.replace("@SKIP@", "0000000").encode())
    script = script.replace("@SKIP@", f"{size + 1:07}")
    target = archive.with_name(archive.name.removesuffix(".tar.xz") + ".run")
    target.write_bytes(script.encode() + contents)
    target.chmod(0o755)
    return target


def write_checksums(dist: Path) -> None:
    """Write SHA256SUMS of everything that is downloaded, as sha256sum checks it."""
    kinds = (".xz", ".run", ".zip", ".exe", ".dmg")
    files = sorted(p for p in dist.iterdir() if p.suffix in kinds and p.is_file())
    lines = []
    for file in files:
        with file.open("rb") as stream:
            lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {file.name}\n")
    (dist / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def folder_size(folder: Path) -> int:
    """Return the bytes of all files in a folder; links count nothing."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


def say(what: str, size: int, begun: float) -> None:
    """Print a size and the time so far."""
    print(f"{what}: {size / 1e6:.1f} MB, after {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
