"""Why this mask: the candidates with their expected errors, what was measured, what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.session.session import Session
from structmask_gui.gui.widgets.dialogs import without_icons
from structmask_gui.gui.widgets.field_map import FieldMap
from structmask_gui.gui.widgets.wording import in_labels, percent

if TYPE_CHECKING:
    from structmask_gui.core.recommend.recommend import LedgerRow, Recommendation

_COLUMNS = (
    ("Mask", "The candidates; the recommended one is bold."),
    ("Pixels", "Pixels of the mask, the centre included."),
    ("Noise copied", "Share of the noise that a network could copy (estimate)."),
    ("Noise left", "Noise in the denoised image, in units of the noise variance."),
    ("Detail lost", "What hiding pixels costs, in units of the noise variance."),
    ("Training", "What a large mask costs in training; calibrated on small networks."),
    (
        "Expected error",
        "The sum: lower is better, 1 is no denoising.",
    ),
)


class WhyDialog(QDialog):
    """The ledger of the recommendation and all notes; follows the session while it is open."""

    def __init__(self, parent: QWidget | None, session: Session) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Why this mask?")
        self._session = session
        self.lines = _text()
        self.table = QTableWidget(0, len(_COLUMNS))
        for x, (name, tip) in enumerate(_COLUMNS):
            heading = QTableWidgetItem(name)
            heading.setToolTip(tip)
            self.table.setHorizontalHeaderItem(x, heading)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setAccessibleName("Candidates and their expected errors")
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.map = FieldMap()
        self.notes = _text()
        scroll = QScrollArea()
        scroll.setWidget(self.notes)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.lines)
        layout.addWidget(self.table)
        layout.addWidget(self.map)
        layout.addWidget(scroll, 1)
        layout.addWidget(buttons)
        without_icons(self)
        self.resize(780, 520)
        session.mask_changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the reasons for the present mask."""
        from structmask_gui.core.verdict.wording import without_certainty

        result, answer = self._session.state.result, self._session.answer
        if result is None or answer is None:
            self.close()
            return
        self.lines.setText("\n".join(line for line in answer.lines if line))
        self._fill(self._session.recommendation)
        self._show_map()
        notes = [f"Not tested: {' and '.join(answer.not_tested)}."] if answer.not_tested else []
        found = result.sentence
        if result.verdict is not None:
            # How sure it is, the answer says.
            found = f"Significant neighbours: {without_certainty(found)}"
        notes += [found, *result.notes]
        self.notes.setText("\n".join(f"• {in_labels(note)}" for note in notes))

    def _show_map(self) -> None:
        """Show where the noise differs over the field, if it does."""
        from structmask_gui.core.verdict.wording import not_uniform

        state = self._session.state
        estimate = None if state.measurement is None else state.measurement.correlation
        part = None if estimate is None else not_uniform(estimate)
        shape = (1, 1) if state.frames is None else state.frames.frame_shape
        self.map.show_part(part, shape)

    def _fill(self, recommendation: Recommendation | None) -> None:
        rows = () if recommendation is None else recommendation.main_rows
        self.table.setVisible(bool(rows))
        self.table.setRowCount(len(rows))
        for y, row in enumerate(rows):
            chosen = recommendation is not None and row.name == recommendation.choice
            for x, text in enumerate(_cells(row, chosen)):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignLeft if x == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                font = item.font()
                font.setBold(chosen)
                item.setFont(font)
                self.table.setItem(y, x, item)
        self.table.setFixedHeight(_height(self.table))


def _height(table: QTableWidget) -> int:
    """Return the height that shows every row of a table and nothing below."""
    rows = sum(table.rowHeight(y) for y in range(table.rowCount()))
    return rows + table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth()


def _cells(row: LedgerRow, chosen: bool) -> tuple[str, ...]:
    name = row.name.replace("suggested, ", "mask of ")
    if chosen:
        name = f"recommended: {name}"
    return (
        name + (" (equally good)" if row.tied and not chosen else ""),
        str(row.pixels),
        percent(row.copied),
        f"{row.left:.3f}",
        f"{row.lost:.3f}",
        f"{row.training:.3f}",
        f"{row.error:.3f} ± {row.error_se:.3f}",
    )


def _text() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return label
