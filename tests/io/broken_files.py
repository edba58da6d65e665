"""Broken, lying and hostile image files by their names, each with the sentence to expect."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

AnyArray = np.ndarray[Any, Any]


def noise(shape: tuple[int, ...], dtype: str = "uint16") -> AnyArray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def tiff(
    path: Path,
    tags: dict[int, tuple[int, list[int]]],
    data: bytes = b"",
    next_page: int = 0,
) -> None:
    """Write a little-endian TIFF of one page by hand; the data starts at byte 8."""
    start = 8 + len(data) + len(data) % 2
    body, extra = b"", b""
    after = start + 2 + 12 * len(tags) + 4
    for code, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}{'BHI'[(1, 3, 4).index(kind)]}", *values)
        if len(packed) > 4:
            extra_at, extra = after + len(extra), extra + packed
            packed = struct.pack("<I", extra_at)
        body += struct.pack("<HHI", code, kind, len(values)) + packed.ljust(4, b"\0")
    head = struct.pack("<2sHI", b"II", 42, start) + data.ljust(start - 8, b"\0")
    path.write_bytes(
        head + struct.pack("<H", len(tags)) + body + struct.pack("<I", next_page) + extra
    )


def page(
    width: int,
    height: int,
    offsets: list[int],
    counts: list[int],
    compression: int = 1,
    **more: Any,
) -> dict[int, tuple[int, list[int]]]:
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [8]),
        259: (3, [compression]),
        262: (3, [1]),
        273: (4, offsets),
        277: (3, [1]),
        278: (4, [height]),
        279: (4, counts),
    }
    tags.update({int(code[1:]): value for code, value in more.items()})
    return tags


def plain_tiff(path: Path, **options: Any) -> bytes:
    tifffile.imwrite(path, noise((6, 40, 40)), photometric="minisblack", **options)
    return path.read_bytes()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {}


def bad(name: str, sentence: str) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Register a maker of a bad file and what the refusal must say."""

    def register(make: Callable[[Path], object]) -> Callable[[Path], object]:
        BAD[f"{make.__name__}:{name}"] = (make, sentence)
        return make

    return register


@bad("empty.tif", "is empty; copy or export the file again")
def empty(path: Path) -> None:
    path.write_bytes(b"")


@bad("text.tif", "is not in a format that StructMask reads")
def text(path: Path) -> None:
    path.write_text("this is not an image")


@bad("two_bytes.tif", "is not in a format that StructMask reads")
def two_bytes(path: Path) -> None:
    path.write_bytes(b"II")


@bad("header.tif", "broken TIFF header")
def header_only(path: Path) -> None:
    path.write_bytes(b"II*\0")


@bad("archive.npz", r"is a ZIP archive \(or NPZ\), which StructMask does not read; unpack it")
def archive(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=noise((20, 20)))


@bad("zero_pages.tif", "its first page lies outside the file")
def zero_pages(path: Path) -> None:
    path.write_bytes(struct.pack("<2sHI8x", b"II", 42, 4_000_000))


@bad("no_pages.tif", "its first page lies outside the file")
def no_pages(path: Path) -> None:
    path.write_bytes(struct.pack("<2sHI8x", b"II", 42, 0))


@bad("loop.tif", "its pages are linked in a circle")
def loop(path: Path) -> None:
    tiff(path, page(20, 20, [8], [400]), bytes(400), next_page=408)


@bad("long_loop.tif", "its pages are linked in a circle")
def long_loop(path: Path) -> None:
    data = bytearray(plain_tiff(path, compression="zlib", metadata=None))
    with tifffile.TiffFile(path) as tif:
        offsets = [p.offset for p in tif.pages]
        link = tif.pages.next_page_offset
    assert link is not None
    data[link : link + 4] = struct.pack("<I", offsets[2])
    path.write_bytes(data)


@bad("huge.tif", "which its .* bytes cannot hold")
def huge_declared(path: Path) -> None:
    tiff(path, page(65535, 65535, [8], [400], compression=8), bytes(400))


@bad("huge_samples.tif", "which its .* bytes cannot hold")
def huge_samples(path: Path) -> None:
    tiff(path, page(900, 65535, [8], [400], _277=(3, [65535]), _259=(3, [32946])), bytes(400))


@bad("plain_lie.tif", "is cut short")
def plain_lie(path: Path) -> None:
    tiff(path, page(4000, 4000, [8], [400]), bytes(400))


@bad("outside.tif", "is cut short: page 1 reaches beyond the end of the file")
def strips_outside(path: Path) -> None:
    tiff(path, page(40, 40, [8, 9000], [800, 800], _278=(4, [20]), _259=(3, [5])), bytes(1600))


@bad("no_strips.tif", "does not say where its pixels are|promises|cut short|damaged")
def no_strips(path: Path) -> None:
    tags = page(40, 40, [8], [1600])
    del tags[273], tags[279]
    tiff(path, tags, bytes(1600))


@bad("no_size.tif", "no valid pixel type or size|holds no image")
def no_size(path: Path) -> None:
    tags = page(40, 40, [8], [1600])
    del tags[256], tags[257]
    tiff(path, tags, bytes(1600))


@bad("no_type.tif", "has no valid pixel type or size")
def no_type(path: Path) -> None:
    tiff(path, page(40, 40, [8], [1600], _258=(3, [83])), bytes(1600))


@bad("zero_rows.tif", "its header is damaged|promises|cut short")
def zero_rows(path: Path) -> None:
    tiff(path, page(40, 40, [8], [1600], _322=(3, [0]), _323=(3, [0])), bytes(1600))


@bad("complex.tif", "holds complex numbers; save their magnitude")
def complex_numbers(path: Path) -> None:
    tifffile.imwrite(path, noise((20, 20)).astype("complex64"))


@bad("unknown.tif", "is compressed by method 34567, which cannot be read here")
def unknown_compression(path: Path) -> None:
    tiff(path, page(40, 40, [8], [1600], compression=34567), bytes(1600))


@bad("cmyk.tif", "holds ink colours")
def cmyk(path: Path) -> None:
    tifffile.imwrite(path, noise((20, 20, 4), "uint8"), photometric="separated")


@bad("small.tif", "its frames have 40 x 10 pixels; give frames of at least 16 x 16")
def small(path: Path) -> None:
    tifffile.imwrite(path, noise((3, 10, 40)), photometric="minisblack")


@bad("axes.tif", "do not say which dimension is Y and which is X; give the axes, as in TYX")
def axes_without_y(path: Path) -> None:
    tifffile.imwrite(path, noise((5, 20, 20)), metadata={"axes": "TQX"}, photometric="minisblack")


@bad("cut_data.tif", "is cut short")
def cut_in_the_data(path: Path) -> None:
    data = plain_tiff(path)
    path.write_bytes(data[: len(data) * 2 // 3])


@bad("cut_pages.tif", "is cut short after page")
def cut_between_pages(path: Path) -> None:
    data = plain_tiff(path, compression="zlib", metadata=None)
    path.write_bytes(data[: len(data) * 2 // 3])


@bad("cut_one.tif", "is cut short")
def cut_single_page(path: Path) -> None:
    tifffile.imwrite(path, noise((60, 60)), photometric="minisblack")
    path.write_bytes(path.read_bytes()[:-100])


@bad("cut_imagej.tif", "is cut short: it promises 6 images and holds 1")
def cut_imagej(path: Path) -> None:
    tifffile.imwrite(
        path,
        noise((40, 40)),
        description="ImageJ=1.54f\nimages=6\nslices=6\n",
        metadata=None,
        photometric="minisblack",
    )


@bad("shaped.tif", "describes 9 x 40 x 40 pixels, but holds 6 pages")
def shaped_lie(path: Path) -> None:
    note = json.dumps({"shape": [9, 40, 40]})
    tifffile.imwrite(
        path,
        noise((6, 40, 40)),
        description=note,
        metadata=None,
        photometric="minisblack",
        compression="zlib",
    )


@bad("negative.tif", "which no image has")
def negative_lengths(path: Path) -> None:
    data = noise((2, 3, 40, 40))
    options = {"photometric": "minisblack", "metadata": {"axes": "TZYX"}, "compression": "zlib"}
    tifffile.imwrite(path, data, **options)
    told, lie = b'"shape": [2, 3, 40, 40]', b'"shape":[-2,-3,40,40] '.ljust(23)
    raw = path.read_bytes()
    assert told in raw
    path.write_bytes(raw.replace(told, lie))


def _ome(path: Path, change: Callable[[str], str]) -> None:
    source = path.with_suffix(".source.tif")
    data = noise((3, 40, 40))
    tifffile.imwrite(source, data, ome=True, metadata={"axes": "TYX"}, photometric="minisblack")
    xml = change(tifffile.tiffcomment(source))
    tifffile.imwrite(path, data, description=xml.encode(), metadata=None, photometric="minisblack")


@bad("ome_planes.ome.tif", "its OME description promises more than .* planes")
def ome_planes(path: Path) -> None:
    _ome(path, lambda xml: xml.replace('SizeT="3"', 'SizeT="2000000000"'))


@bad("ome_count.ome.tif", "its OME description promises more than .* planes")
def ome_plane_count(path: Path) -> None:
    _ome(path, lambda xml: xml.replace('PlaneCount="3"', "PlaneCount='99999999999999999999999'"))


@bad("ome_modulo.ome.tif", "its OME description promises more than .* planes")
def ome_modulo(path: Path) -> None:
    along = '<ModuloAlongT Type="phase" Start="0" End="1e15" Step="1"/>'
    _ome(path, lambda xml: xml.replace("</OME>", f"<!--{along}--></OME>"))


@bad("ome_missing.ome.tif", "promises 6 planes, of which 3 are missing; put the other files")
def ome_missing_planes(path: Path) -> None:
    _ome(path, lambda xml: xml.replace('SizeC="1"', 'SizeC="2"'))


@bad("ome_entity.ome.tif", "too large or holds XML entities")
def ome_entities(path: Path) -> None:
    _ome(path, lambda xml: xml.replace("<OME ", '<!DOCTYPE x [<!ENTITY a "b">]><OME ', 1))


@bad("ome_elsewhere.ome.tif", "names files outside its folder")
def ome_elsewhere(path: Path) -> None:
    other = '<UUID FileName="//server/share/x.tif">urn:uuid:1</UUID>'
    _ome(path, lambda xml: xml.replace("</OME>", f"<!--{other}--></OME>"))


@bad("broken.png", "is damaged or cut short and cannot be decoded as PNG")
def broken_png(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 70)


def _png(path: Path, width: int, height: int, rows: bytes, bits: int = 8, colour: int = 0) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@bad("cut.png", "is damaged or cut short and cannot be decoded as PNG")
def cut_png(path: Path) -> None:
    Image.fromarray(noise((200, 200), "uint8")).save(path)
    path.write_bytes(path.read_bytes()[:20_000])


@bad("png.tif", "is damaged or cut short and cannot be decoded as PNG")
def cut_png_named_tif(path: Path) -> None:
    Image.fromarray(noise((200, 200), "uint8")).save(path, format="PNG")
    path.write_bytes(path.read_bytes()[:20_000])


@bad("bomb.png", "which its .* bytes cannot hold")
def png_lie(path: Path) -> None:
    _png(path, 9000, 9000, b"\0" * 100)


@bad("huge.png", "more than a picture of this format may have here")
def png_huge(path: Path) -> None:
    _png(path, 200_000, 200_000, b"\0" * 100)


@bad("deep.png", "is damaged or cut short and cannot be decoded as PNG")
def png_deep_colour_without_pixels(path: Path) -> None:
    _png(path, 20, 20, b"\0" * 5, bits=16, colour=2)


@bad("cut.jpg", "is damaged or cut short and cannot be decoded as JPEG")
def cut_jpeg(path: Path) -> None:
    Image.fromarray(noise((200, 200), "uint8")).save(path)
    path.write_bytes(path.read_bytes()[:5000])


@bad("cmyk.jpg", "holds CMYK colours, which are no light intensities")
def cmyk_jpeg(path: Path) -> None:
    Image.fromarray(noise((20, 20, 4), "uint8"), "CMYK").save(path)


@bad("lie.jpg", "which its .* bytes cannot hold")
def jpeg_lie(path: Path) -> None:
    Image.fromarray(noise((64, 64), "uint8")).save(path)
    data = path.read_bytes()
    at = data.index(b"\xff\xc0") + 5
    path.write_bytes(data[:at] + struct.pack(">HH", 9000, 9000) + data[at + 4 :])


def _npy(path: Path, header: str, data: bytes = b"", version: int = 1) -> None:
    raw = header.encode()
    size = struct.pack("<H" if version == 1 else "<I", len(raw))
    path.write_bytes(b"\x93NUMPY" + bytes([version, 0]) + size + raw + data)


@bad("cut.npy", "its header promises 30 x 30 pixels of uint16, but the file is shorter")
def cut_npy(path: Path) -> None:
    np.save(path, noise((30, 30)))
    path.write_bytes(path.read_bytes()[:-10])


@bad("huge.npy", "but the file is shorter")
def npy_lie(path: Path) -> None:
    _npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (900000, 65535, 65535)}")


@bad("pickle.npy", "holds pickled Python objects, which are not loaded")
def pickled(path: Path) -> None:
    np.save(path, np.array([[1, "a"]], dtype=object), allow_pickle=True)


@bad("records.npy", "holds records, not numbers")
def records(path: Path) -> None:
    np.save(path, np.zeros((20, 20), [("a", "f4")]))


@bad("words.npy", "not numbers; save an image of numbers")
def words(path: Path) -> None:
    np.save(path, np.full((20, 20), "word"))


@bad("dates.npy", "not numbers; save an image of numbers")
def dates(path: Path) -> None:
    np.save(path, np.zeros((20, 20), "datetime64[s]"))


@bad("line.npy", r"has 1 dimension \(500\), and an image has at least two")
def one_dimension(path: Path) -> None:
    np.save(path, np.arange(500))


@bad("scalar.npy", "has 0 dimension")
def no_dimension(path: Path) -> None:
    np.save(path, np.array(5))


@bad("nothing.npy", "is empty")
def npy_without_pixels(path: Path) -> None:
    np.save(path, np.zeros((0, 20, 20)))


@bad("four.npy", "give the axes, as in TZYX")
def four_dimensions(path: Path) -> None:
    np.save(path, noise((3, 4, 20, 20)))


@bad("colour.npy", "If the last dimension is colour, give the axes YXS")
def colour_npy(path: Path) -> None:
    np.save(path, noise((20, 30, 3)))


@bad("header.npy", "has a broken NPY header")
def npy_header_code(path: Path) -> None:
    _npy(path, "__import__('os').getcwd()")


@bad("deep.npy", "has a broken NPY header")
def npy_header_deep(path: Path) -> None:
    _npy(path, "(" * 5000)


@bad("negative.npy", "has a broken NPY header")
def npy_negative(path: Path) -> None:
    _npy(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (-20, 20)}", bytes(3200))


@bad("long.npy", "has a broken NPY header")
def npy_long_header(path: Path) -> None:
    _npy(path, " " * 200_000, version=2)
