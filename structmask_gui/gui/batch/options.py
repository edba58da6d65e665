"""The choices of a batch: a mask for what, where to, and what to do about earlier results."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QWidget

from structmask_gui.core.denoising.wording import SHARED_FITS
from structmask_gui.gui.widgets.eliding_label import ElidingLabel
from structmask_gui.gui.widgets.inputs import Choice

SHARED = "shared"

_PER = (
    ("file", "for each file", "Every file is measured and gets a mask of its own"),
    (
        SHARED,
        "for the experiment",
        "Every file is measured; the one mask that serves all of them best is written. For files"
        " of one channel and setting, of any size. With ring analysis, Automatic chooses among its"
        " masks and no mask",
    ),
    ("folder", "for each folder, averaged", "The files of a folder are measured as one stack"),
    ("all", "for all, averaged", "All files are measured as one stack"),
)
"""Which files share a mask: value, text and tooltip."""

_GAP, _AIR = 16, 6
"""Pixels between columns of boxes, and between all else."""


class BatchChoices(QWidget):
    """The choices in a few rows: boxes stand beside the lists where there is room, else below."""

    changed = Signal()
    folder_wanted = Signal()  # the folder of the results is to be chosen

    def __init__(self) -> None:
        super().__init__()
        self._folder: Path | None = None
        self.per = Choice()
        self.per.show_all()
        for row, (value, text, tip) in enumerate(_PER):
            self.per.addItem(text, value)
            self.per.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        self.per.setToolTip("Which files share a mask")
        self.per.currentIndexChanged.connect(self.changed)
        self.into = ElidingLabel("beside the files")
        into_button = QPushButton("Choose…")
        into_button.setToolTip("Choose the folder for masks and records")
        into_button.clicked.connect(self.folder_wanted)
        self.replace = QCheckBox("Replace existing results")
        self.replace.setToolTip("Otherwise files that have results already are skipped")
        self.resume = QCheckBox("Go on where an earlier run stopped")
        self.resume.setToolTip("Keep masks made of the same files with the same settings")
        self.figures = QCheckBox("Work out what each mask will do")
        self.figures.setToolTip("Puts the figures into the records; takes a second or two each")
        self.reports = QCheckBox("Write a report of each mask")
        self.reports.setToolTip("One page each, with pictures; the summary has links to them")
        self.same = QCheckBox("Channel, frames and ROI of the main window")
        self.same.setToolTip(
            "Open each file as the present one is opened and measure the same part of it; without"
            " it, all of the first channel, or the luminance of colours"
        )
        self.denoise = QCheckBox("Denoise each file with its mask")
        self.denoise.setToolTip(f"Writes denoised files, as Denoise here does: {SHARED_FITS}")
        self._boxes = (
            *(self.resume, self.figures, self.denoise),
            *(self.replace, self.reports, self.same),
        )
        for box in self._boxes:
            box.toggled.connect(self.changed)
        self._columns = 0  # of the boxes
        self._beside = False  # whether they stand beside the lists
        self._lists = QGridLayout()
        self._lists.setSpacing(_AIR)
        self._lists.addWidget(QLabel("One mask"), 0, 0)
        self._lists.addWidget(self.per, 0, 1, 1, 2)
        self._lists.addWidget(QLabel("Written"), 1, 0)
        self._lists.addWidget(self.into, 1, 1)
        self._lists.addWidget(into_button, 1, 2)
        self._lists.setColumnStretch(1, 1)
        self._area = QWidget()
        self._grid = QGridLayout(self._area)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(_GAP)
        self._grid.setVerticalSpacing(_AIR)
        self._whole = QGridLayout(self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setHorizontalSpacing(_GAP)
        self._whole.setVerticalSpacing(_AIR)
        self._whole.addLayout(self._lists, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._whole.setColumnStretch(0, 1)
        self._arrange()

    # --- where the boxes stand ----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the boxes anew."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Arrange the boxes anew for larger text."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._arrange()

    def minimumSizeHint(self) -> QSize:
        """Return the narrowest arrangement, so that the window can be made as narrow."""
        height = super().minimumSizeHint().height()
        return QSize(max(self._lists.minimumSize().width(), self._needed(1)), height)

    def _arrange(self) -> None:
        """Put the boxes beside the lists in two columns, or below in as many as there is room."""
        beside = self._lists.sizeHint().width() + _GAP + self._needed(2) <= self.width()
        columns = next((n for n in (3, 2) if self._needed(n) <= self.width()), 1)
        columns = 2 if beside else columns
        if (beside, columns) == (self._beside, self._columns):
            return
        self._beside, self._columns = beside, columns
        rows = -(-len(self._boxes) // columns)
        for number, box in enumerate(self._boxes):
            self._grid.removeWidget(box)
            self._grid.addWidget(box, number % rows, number // rows)
        for column in range(len(self._boxes)):
            self._grid.setColumnStretch(column, int(column == columns))
        self._whole.removeWidget(self._area)
        self._whole.addWidget(self._area, *((0, 1) if beside else (1, 0)))
        self.updateGeometry()

    def _needed(self, columns: int) -> int:
        """Return the width of the boxes in so many columns."""
        rows = -(-len(self._boxes) // columns)
        widths = [box.sizeHint().width() for box in self._boxes]
        widest = [max(widths[first : first + rows]) for first in range(0, len(widths), rows)]
        return sum(widest) + _GAP * len(widest)

    @property
    def shared(self) -> bool:
        """Whether one mask is wanted for the experiment."""
        return bool(self.per.currentData() == SHARED)

    def set_shared(self) -> None:
        """Ask for one mask for the experiment."""
        self.per.setCurrentIndex(self.per.findData(SHARED))

    @property
    def folder(self) -> Path | None:
        """Where the results go; None is beside the files."""
        return self._folder

    def set_folder(self, folder: str | Path | None) -> None:
        """Write the results into a folder, or beside the files."""
        self._folder = None if folder is None else Path(folder)
        self.into.setText("beside the files" if self._folder is None else str(self._folder))
        self.changed.emit()
