"""The choices of a batch: a mask for what, where to, and what to do about earlier results."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QWidget

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


_WIDE_LETTER = 9
"""Width of an x, in pixels, from which the text is large."""


class BatchChoices(QWidget):
    """Two rows of choices."""

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
            " it, all of the first channel"
        )
        for box in (self.replace, self.resume, self.figures, self.reports, self.same):
            box.toggled.connect(self.changed)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(QLabel("One mask"), 0, 0)
        grid.addWidget(self.per, 0, 1)
        grid.addWidget(QLabel("Written"), 1, 0)
        grid.addWidget(self.into, 1, 1)
        grid.addWidget(into_button, 1, 2)
        # The boxes beside these have no room with large text.
        below = 2 if self.fontMetrics().horizontalAdvance("x") > _WIDE_LETTER else 0
        left = 0 if below else 3
        boxes = QGridLayout()
        boxes.addWidget(self.resume, 0, 0)
        boxes.addWidget(self.replace, 1, 0)
        boxes.addWidget(self.figures, 0, 1)
        boxes.addWidget(self.reports, 1, 1)
        boxes.addWidget(self.same, 2, 0, 1, 2)
        grid.addLayout(boxes, below, left, 3, 3 if below else 1)
        grid.setColumnStretch(1, 1)

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
