"""The codecs that TIFF and PNG use; imagecodecs loads each by name when it is first asked for.

Everything `tifffile` can ask for is here: LZW, PackBits, predictors and packed bits (_imcd),
deflate, CCITT, JPEG of all kinds, JPEG 2000, XR and XL, LERC, LZMA, PNG, WebP, Zstandard.
Left out, because no file that StructMask opens is stored so: AVIF, HEIF, Blosc, SZ3, Pcodec, ZFP,
Brotli, LZ4, Snappy, and the other codecs of array containers; half of the size.
"""

CODECS = (
    *("_imcd", "_ccitt", "_deflate", "_zlib", "_jpeg8", "_ljpeg", "_jpeg2k", "_jpegxr", "_jpegxl"),
    *("_lerc", "_lzma", "_png", "_webp", "_zstd"),
)

hiddenimports = [
    # What every codec imports from its compiled part, where PyInstaller cannot see it.
    *("imagecodecs.imagecodecs", "imagecodecs._shared", "imagecodecs._shared_cython"),
    *(f"imagecodecs.{codec}" for codec in CODECS),
]
