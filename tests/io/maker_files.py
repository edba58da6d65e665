"""Small files in the makers' formats, written by hand for the tests of their readers.

Where a library can write a format, the tests use it; these are for formats that only the makers'
own programs write.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

AnyArray = np.ndarray[Any, Any]


def write_ome_set(folder: Path, frames: AnyArray) -> list[Path]:
    """Write a uint16 stack (t, y, x) as OME-TIFFs of one frame each, every other one compressed."""
    files = [folder / f"set_{i:02}.ome.tif" for i in range(len(frames))]
    planes = "".join(
        f'<TiffData FirstT="{i}" IFD="0" PlaneCount="1">'
        f'<UUID FileName="{file.name}">urn:uuid:{i}</UUID></TiffData>'
        for i, file in enumerate(files)
    )
    count, height, width = frames.shape
    for i, file in enumerate(files):
        xml = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
            f' UUID="urn:uuid:{i}"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT"'
            f' Type="uint16" SizeX="{width}" SizeY="{height}" SizeZ="1" SizeC="1" SizeT="{count}">'
            f'<Channel ID="Channel:0"/>{planes}</Pixels></Image></OME>'
        )
        tifffile.imwrite(
            file,
            frames[i],
            description=xml,
            metadata=None,
            photometric="minisblack",
            compression="zlib" if i % 2 else None,
        )
    return files


def write_lif(
    path: Path, stack: AnyArray, name: str = "Series001", ids: tuple[int, int, int] = (1, 2, 4)
) -> None:
    """Write a uint16 stack (t, channel, y, x) as Leica's programs do.

    ``ids`` are the numbers of its dimensions x, y and t: 1 to 4 for X, Y, Z and T.
    """
    frames, channels, height, width = stack.shape
    plane = height * width * 2
    dimensions = "".join(
        f'<DimensionDescription DimID="{number}" NumberOfElements="{count}" Origin="0"'
        f' Length="{length}" Unit="{unit}" BitInc="0" BytesInc="{step}"/>'
        for number, count, length, unit, step in (
            (ids[0], width, (width - 1) * 2e-7, "m", 2),
            (ids[1], height, (height - 1) * 2e-7, "m", 2 * width),
            (ids[2], frames, (frames - 1) * 0.5, "s", plane * channels),
        )
    )
    channel_text = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="12" NameOfMeasuredQuantity=""'
        f' Min="0" Max="4095" Unit="" LUTName="Green" IsLUTInverted="0" BytesInc="{plane * c}"'
        ' BitInc="0"/>'
        for c in range(channels)
    )
    xml = (
        '<LMSDataContainerHeader Version="2"><Element Name="root"><Children>'
        f'<Element Name="{name}"><Data><Image><ImageDescription><Channels>{channel_text}</Channels>'
        f"<Dimensions>{dimensions}</Dimensions></ImageDescription>"
        '<Attachment Name="HardwareSetting"><ATLConfocalSettingDefinition'
        ' PixelDwellTime="1.2E-06" LineAverage="4"/></Attachment></Image></Data>'
        f'<Memory Size="{stack.nbytes}" MemoryBlockID="MemBlock_1"/></Element>'
        "</Children></Element></LMSDataContainerHeader>"
    )
    block = "MemBlock_1"
    path.write_bytes(
        struct.pack("<IIBI", 0x70, 2 * len(xml) + 5, 0x2A, len(xml))
        + xml.encode("utf-16-le")
        + struct.pack("<IIBQBI", 0x70, 14 + 2 * len(block), 0x2A, stack.nbytes, 0x2A, len(block))
        + block.encode("utf-16-le")
        + stack.astype("<u2").tobytes()
    )


def write_mrc(path: Path, stack: AnyArray) -> None:
    """Write a stack (z, y, x) of int16, int8, uint16 or float32."""
    mode = {"int8": 0, "int16": 1, "float32": 2, "uint16": 6}[stack.dtype.name]
    header = bytearray(1024)
    depth, height, width = stack.shape
    struct.pack_into("<10i", header, 0, width, height, depth, mode, 0, 0, 0, width, height, depth)
    struct.pack_into("<3f", header, 40, width * 2.0, height * 2.0, depth * 2.0)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:216] = b"MAP DD\0\0"
    path.write_bytes(bytes(header) + stack.tobytes())


def write_ser(path: Path, stack: AnyArray) -> None:
    """Write a stack (t, y, x) of int32 as the TIA program does."""
    count, height, width = stack.shape
    head = struct.pack("<2sHHiii", b"II", 0x0197, 0x0210, 0x4122, 0x4152, count)
    units = b"Number"
    dimension = struct.pack("<iddii", count, 0.0, 1.0, 0, len(units)) + units
    dimension += struct.pack("<i", 0)
    offsets_at = len(head) + 12 + len(dimension)
    data_at = offsets_at + 8 * count
    element = struct.calcsize("<ddiddihii") + 4 * height * width
    data_offsets = [data_at + i * element for i in range(count)]
    tag_offsets = [data_at + count * element + 8 * i for i in range(count)]
    body = b"".join(
        struct.pack("<ddiddihii", 0.0, 2e-10, 0, 0.0, 2e-10, 0, 6, width, height)
        + frame[::-1].astype("<i4").tobytes()
        for frame in stack
    )
    tags = b"".join(struct.pack("<HHi", 0x4152, 0, 1_600_000_000 + i) for i in range(count))
    path.write_bytes(
        head
        + struct.pack("<iii", count, offsets_at, 1)
        + dimension
        + struct.pack(f"<{2 * count}i", *data_offsets, *tag_offsets)
        + body
        + tags
    )


def _tag(name: str, body: bytes, kind: int = 21) -> bytes:
    return struct.pack(">BH", kind, len(name)) + name.encode() + body


def _group(name: str, *entries: bytes) -> bytes:
    return _tag(name, struct.pack(">BBI", 1, 0, len(entries)) + b"".join(entries), 20)


def _value(name: str, code: int, form: str, value: float) -> bytes:
    return _tag(name, b"%%%%" + struct.pack(">II", 1, code) + struct.pack(f"<{form}", value))


def _text(name: str, text: str) -> bytes:
    data = text.encode("utf-16-le")
    return _tag(name, b"%%%%" + struct.pack(">4I", 3, 20, 4, len(text)) + data)


def write_dm3(path: Path, stack: AnyArray) -> None:
    """Write an int16 stack (z, y, x) as a DigitalMicrograph 3 image with a value offset."""
    values = b"%%%%" + struct.pack(">4I", 3, 20, 2, stack.size) + stack.astype("<i2").tobytes()
    calibration = [
        _group(
            "",
            _value("Origin", 6, "f", 0.0),
            _value("Scale", 6, "f", 0.25),
            _text("Units", "nm"),
        )
        for _ in stack.shape
    ]
    image = _group(
        "ImageData",
        _group(
            "Calibrations",
            _group(
                "Brightness",
                _value("Origin", 6, "f", -100.0),
                _value("Scale", 6, "f", 1.5),
                _text("Units", "e"),
            ),
            _group("Dimension", *calibration),
        ),
        _tag("Data", values),
        _value("DataType", 5, "I", 1),
        _group("Dimensions", *(_value("", 5, "I", n) for n in stack.shape[::-1])),
        _value("PixelDepth", 5, "I", 2),
    )
    tags = _group("ImageTags", _group("Acquisition", _value("Dwell", 6, "f", 1.0)))
    entries = [
        _group("ImageList", _group("", image, tags, _text("Name", "noise"))),
        _value("InImageMode", 5, "I", 1),
    ]
    body = struct.pack(">BBI", 1, 0, len(entries)) + b"".join(entries)
    path.write_bytes(struct.pack(">III", 3, len(body) + 4, 1) + body + bytes(8))


def write_nd2(path: Path, stack: AnyArray) -> None:
    """Write a uint16 time series (t, y, x) as an ND2 file, version 2.1, its settings as XML."""
    count, height, width = stack.shape

    def xml(inner: str, root: str) -> bytes:
        text = f'<variant version="1.0"><no_name runtype="CLxListVariant"><{root}'
        text += f' runtype="CLxListVariant">{inner}</{root}></no_name></variant>'
        return ('<?xml version="1.0" encoding="UTF-8"?>' + text).encode()

    def number(name: str, value: float | str, kind: str = "lx_uint32") -> str:
        return f'<{name} runtype="{kind}" value="{value}"/>'

    attributes = xml(
        number("uiWidth", width)
        + number("uiWidthBytes", 2 * width)
        + number("uiHeight", height)
        + number("uiComp", 1)
        + number("uiBpcInMemory", 16)
        + number("uiBpcSignificant", 12)
        + number("uiSequenceCount", count)
        + number("uiTileWidth", width)
        + number("uiTileHeight", height)
        + number("eCompression", 2, "lx_int32"),
        "SLxImageAttributes",
    )
    metadata = xml(
        number("dCalibration", 0.25, "double")
        + number("bCalibrated", "true", "bool")
        + '<sPicturePlanes runtype="CLxListVariant">'
        + number("uiCount", 1)
        + '<sPlaneNew runtype="CLxListVariant"><a0 runtype="CLxListVariant">'
        + number("uiCompCount", 1)
        + number("uiColor", 255)
        + '<sDescription runtype="CLxStringW" value="GFP"/>'
        + "</a0></sPlaneNew></sPicturePlanes>",
        "SLxPictureMetadata",
    )
    loop = xml(
        number("eType", 1)
        + '<uLoopPars runtype="CLxListVariant">'
        + number("uiCount", count)
        + number("dStart", 0.0, "double")
        + number("dPeriod", 100.0, "double")
        + number("dDuration", 0.0, "double")
        + number("dMinPeriodDiff", 0.0, "double")
        + number("dMaxPeriodDiff", 0.0, "double")
        + number("dAvgPeriodDiff", 100.0, "double")
        + "</uLoopPars>",
        "SLxExperiment",
    )
    pieces: list[bytes] = []
    places: list[tuple[bytes, int, int]] = []
    at = 0

    def chunk(name: bytes, data: bytes, reserve: int = 0) -> None:
        nonlocal at
        # Frames begin a fixed distance after their chunk, whatever their name.
        held = max(reserve, len(name))
        piece = struct.pack("<IIQ", 0x0ABECEDA, held, len(data)) + name.ljust(held, b"\0") + data
        places.append((name, at, len(data)))
        pieces.append(piece)
        at += len(piece)

    chunk(b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver2.1".ljust(64, b"\0"))
    chunk(b"ImageAttributes!", attributes)
    chunk(b"ImageMetadataSeq|0!", metadata)
    chunk(b"ImageMetadata!", loop)
    for i, frame in enumerate(stack):
        data = struct.pack("<d", 100.0 * i) + frame.astype("<u2").tobytes()
        chunk(b"ImageDataSeq|%d!" % i, data, 4072)
    listed = b"".join(name + struct.pack("<QQ", *place) for name, *place in places[1:])
    signature = b"ND2 CHUNK MAP SIGNATURE 0000001!"
    map_at = at
    chunk(b"ND2 FILEMAP SIGNATURE NAME 0001!", listed + signature + struct.pack("<Q", map_at))
    path.write_bytes(b"".join(pieces))
