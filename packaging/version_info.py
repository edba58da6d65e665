"""The version resource of the Windows executables, as PyInstaller reads it."""

from __future__ import annotations

import re

_TEXT = """\
VSVersionInfo(
  ffi=FixedFileInfo(
    filevers={numbers}, prodvers={numbers}, mask=0x3F, flags={flags}, OS=0x40004, fileType=0x1,
    subtype=0x0, date=(0, 0)
  ),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("CompanyName", "The StructMask developers"),
      StringStruct("FileDescription", "StructMask: measure the StructN2V mask of an image"),
      StringStruct("FileVersion", "{version}"),
      StringStruct("InternalName", "StructMask"),
      StringStruct("LegalCopyright", "The StructMask developers; BSD 3-Clause licence"),
      StringStruct("OriginalFilename", "StructMask.exe"),
      StringStruct("ProductName", "StructMask"),
      StringStruct("ProductVersion", "{version}"),
    ])]),
    VarFileInfo([VarStruct("Translation", [0x409, 1200])]),
  ],
)
"""


def version_text(version: str) -> str:
    """Return the resource for a version such as "1.2.3" or "1.2.3rc1"."""
    release = re.match(r"\d+(\.\d+)*", version)
    if release is None:
        raise ValueError(f"{version} is no version")
    numbers = [int(part) for part in release.group().split(".")][:4]
    numbers += [0] * (4 - len(numbers))
    flags = "0x0" if release.group() == version else "0x2"  # a pre-release
    return _TEXT.format(numbers=tuple(numbers), flags=flags, version=version)
