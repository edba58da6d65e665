"""What is left out of the bundle on purpose.

The spec hands these names to PyInstaller; `bundle_test.py` runs the whole program from source and
fails if one of them was imported, and reads PyInstaller's list of what then cannot be imported.
A name stands for itself and everything below it.
"""

EXCLUDES = (
    # Qt modules and tools that no widget of ours uses; they bring the largest libraries.
    *("PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickControls2", "PySide6.QtQuickWidgets"),
    *("PySide6.QtNetwork", "PySide6.QtSql", "PySide6.QtDesigner", "PySide6.QtHelp"),
    *("PySide6.QtUiTools", "PySide6.QtPrintSupport", "PySide6.QtConcurrent", "PySide6.QtXml"),
    *("PySide6.scripts", "shiboken6_generator"),
    # Other bindings and interpreters that pyqtgraph and superqt look for.
    *("PyQt5", "PyQt6", "PySide2", "tkinter", "_tkinter", "IPython", "jupyter_rfb"),
    # What libraries use only in tests, plots, notebooks and extras.
    *("matplotlib", "pandas", "numba", "cupy", "torch", "dask", "distributed"),
    *("sympy", "networkx", "imageio", "xarray", "lxml", "colorcet", "OpenGL"),
    *("pytest", "hypothesis", "mypy", "ruff", "setuptools", "pkg_resources", "pip", "wheel"),
    *("docutils", "PyInstaller", "altgraph", "execnet", "xdist", "psutil"),
    *("scipy_stubs", "numpy_typing_compat", "optype"),
    # Of scikit-image, masks are labelled and grown; the rest brings scikit-learn with it.
    *("sklearn", "joblib", "skimage.filters.rank"),
    *(
        f"skimage.{name}"
        for name in ("data", "feature", "future", "graph", "io", "metrics", "restoration")
    ),
    *("skimage.segmentation", "skimage.transform"),
    # The reader of electron microscopes' files is imported where someone has installed it; without,
    # a file is answered by a sentence (io/stack/optional.py). It must stay out: it is GPL.
    *("rsciio", "pint", "box", "dateutil"),
    # What the readers of readers.py offer beside reading: other arrays, other metadata, the command
    # line, parallel HDF5, codecs that make objects. Their parser of settings has a slow and a fast
    # form; the settings are a page.
    *("ome_types", "xsdata", "resource_backed_dask_array", "yaozarrs", "rich", "typer", "mpi4py"),
    *(
        "cmake",
        "msgpack",
        "numcodecs.msgpacks",
        "_yaml",
        "yaml._yaml",
        "zarr.testing",
        "deprecated",
    ),
    *("crc32c", "obstore", "h5py.tests"),
    # Of what fetches from an address: other kinds of address, a server, its tests.
    *(f"fsspec.implementations.{name}" for name in ("arrow", "dask", "git", "github", "jupyter")),
    *(
        f"fsspec.implementations.{name}"
        for name in ("sftp", "smb", "webhdfs", "dbfs", "libarchive")
    ),
    *("fsspec.gui", "fsspec.fuse", "fsspec.tests", "aiohttp.web", "aiohttp.test_utils"),
    *("aiohttp.pytest_plugin", "requests", "brotli", "brotlicffi", "aiodns", "uvloop"),
    *("pydantic.v1", "pydantic.mypy"),
    *("pyqtgraph.examples", "pyqtgraph.opengl", "pyqtgraph.jupyter", "pyqtgraph.canvas"),
    # Pillow draws masks and reads PNG and JPEG; its AVIF decoder alone is 10 MB.
    *("PIL.ImageTk", "PIL._imagingtk", "PIL.ImageQt", "PIL._avif", "PIL.AvifImagePlugin"),
    *("PIL._webp", "PIL.WebPImagePlugin", "PIL._imagingcms"),
    # Interactive and old parts of the standard library.
    *("idlelib", "lib2to3", "ensurepip", "venv", "turtle", "turtledemo", "test"),
    *("curses", "sqlite3"),
)


def excluded(name: str) -> bool:
    """Tell whether a module is left out, by itself or with what it lies in."""
    return any(name == top or name.startswith(f"{top}.") for top in EXCLUDES)
