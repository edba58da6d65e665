"""What the mask will do: two bars, a ranking, the curve over the radius, suggested masks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui import dialogs
from structmask_gui.gui.eliding import ElidingLabel
from structmask_gui.gui.panels.bars import BarRow
from structmask_gui.gui.quality import PRESENT, Quality, Scores
from structmask_gui.gui.session import Session
from structmask_gui.gui.views.quality_curves import RadiusView, SuggestionView
from structmask_gui.gui.views.theme import smaller
from structmask_gui.gui.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.core.blindspot import Ranked
    from structmask_gui.core.destripe import Lines

_NOTHING = "Open a stack: here you then see what its mask will do, before you train."
_MEASURING = "Measuring the noise…"
_ESTIMATE = "Error: estimate from a linear model, 1 is the noise itself"
_HELPLESS = "Error: linear model; all are over 1, so of no help"
_TIFF = "TIFF (*.tif)"

_NEXT_TO_NOTHING = 0.005
"""Share of the noise variance below which nothing needs to be hidden."""

_COLUMNS = (
    ("Rank", "1 is the best; masks within 5 % of each other share a rank."),
    ("Mask", "Which mask."),
    (
        "Error",
        "Estimate from a linear model of what a network trained with the mask gets wrong: noise"
        " left and detail lost, in units of the noise variance. For comparing masks; a trained"
        " network does better.",
    ),
    ("Copied", "Share of the noise that is still copied."),
    ("Pixels", "Pixels of the mask, the centre included."),
)


class QualityPanel(QWidget):
    """Follows the session's mask through `Quality`; computes nothing itself."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._quality: Quality = session.quality
        self._lane = Lane("destripe", keep_all=True)
        self._lane.ended.connect(self._on_written)
        self._lane.stepped.connect(self._on_step)
        self._build()
        self._quality.changed.connect(self._update)
        self._quality.suggested.connect(self._on_suggested)
        self._quality.closing.connect(self._on_closing)
        session.mask_changed.connect(self._mark)
        session.stack_changed.connect(self._on_stack)
        self._update()

    # --- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        self.copied = BarRow(
            "Noise still copied",
            "Share of the noise variance that the neighbours left visible predict, and a network"
            " learns to copy. The full bar is what the bare centre leaves.",
        )
        self.hidden = BarRow(
            "Needlessly hidden",
            "Pixels of the mask that could be shown to the network without more noise being"
            " copied. The full bar is the whole mask but its centre.",
        )
        self.reach = _paragraph()
        self.destripe_button = QPushButton("Save destriped frames…")
        self.destripe_button.setToolTip(
            "Write the frames less the offset of each row or column; open them and measure again"
        )
        self.destripe_button.clicked.connect(self.ask_destriped)
        self.destripe_button.hide()
        self.said = _paragraph()
        self.said.hide()
        self.source = _paragraph()
        self.source.setEnabled(False)
        words = QWidget()
        column = QVBoxLayout(words)
        column.setContentsMargins(8, 6, 4, 6)
        column.setSpacing(5)
        # First where it is there: the headline points to it, and a small window scrolls the rest.
        column.addWidget(self.destripe_button, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.said, self.copied, self.hidden, self.reach, self.source):
            column.addWidget(widget)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(words)

        self.radius = RadiusView()
        self.radius.pointed.connect(self._session.point)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        # The names of the masks need it; in a small window the words beside have less.
        self.tabs.setMinimumWidth(self.fontMetrics().horizontalAdvance("x") * 49)
        self.tabs.addTab(self._ranking_page(), "Ranking")
        self.tabs.addTab(self.radius, "Over the radius")
        self.tabs.addTab(self._suggest_page(), "Suggest")

        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(area, 1)
        row.addWidget(self.tabs, 1)
        self.placeholder = QLabel(_NOTHING)
        self.placeholder.setWordWrap(True)
        self.placeholder.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.placeholder.setMargin(12)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.placeholder)
        self.pages.addWidget(both)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)

    def _ranking_page(self) -> QWidget:
        self.table = _table()
        self.estimate = QLabel(_ESTIMATE)
        self.estimate.setFont(smaller(self.estimate.font()))
        self.estimate.setMargin(3)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.estimate)
        return page

    def _suggest_page(self) -> QWidget:
        self.suggestions = SuggestionView()
        self.suggestions.point_chosen.connect(self.take)
        self.suggestions.pointed.connect(self._session.point)
        self.suggest_button = QPushButton("Suggest masks")
        self.suggest_button.setToolTip("Work out a mask of every size from the measured noise")
        self.suggest_button.clicked.connect(self._quality.suggest)
        self.take_button = QPushButton("Take it")
        self.take_button.setToolTip("Put the suggested mask in place of the present one")
        self.take_button.clicked.connect(self._take_knee)
        self.suggested = ElidingLabel()
        buttons = QHBoxLayout()
        buttons.setContentsMargins(6, 4, 6, 0)
        buttons.addWidget(self.suggested, 1)
        buttons.addWidget(self.suggest_button)
        buttons.addWidget(self.take_button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(buttons)
        layout.addWidget(self.suggestions, 1)
        self._on_suggested()
        return page

    # --- what is shown ------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Have the figures made from now on."""
        super().showEvent(event)
        self._quality.watch(self, True)
        self._update()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: nothing needs to be computed."""
        super().hideEvent(event)
        self._quality.watch(self, False)

    def _update(self) -> None:
        quality, session = self._quality, self._session
        scores = quality.scores
        if quality.state == "ready" and scores is not None:
            # Older figures may stand for the blink of an eye, not while a stack is measured.
            if not session.stale:
                self._show(scores)
            self.pages.setCurrentIndex(1)
            self.pages.setEnabled(not session.stale)
            return
        self.pages.setEnabled(True)
        texts = {"nothing": _NOTHING, "failed": quality.error}
        self.placeholder.setText(texts.get(quality.state, _MEASURING))
        self.pages.setCurrentIndex(0)

    def _show(self, scores: Scores) -> None:
        found, error = scores.assessment.figures, scores.assessment.error
        bare = found.copied_bare
        # A share of next to nothing would be a bar as full as if all were lost.
        share = found.copied / bare if bare >= _NEXT_TO_NOTHING else 0.0
        self.copied.show_share(share, _percent(found.copied), _copied_words(found))
        hidden = scores.mask.statistics.true_pixels - 1
        needless = found.needlessly_hidden
        self.hidden.show_share(
            needless / hidden if hidden else 0.0,
            f"{needless} of {hidden}" if hidden else "none",
            _needless_words(needless, hidden),
        )
        curve = scores.assessment.curve
        _say(self.reach, curve.sentence)
        font = self.reach.font()
        if font.bold() != curve.spans:
            font.setBold(curve.spans)
            self.reach.setFont(font)
        self.destripe_button.setVisible(self._endless_lines() is not None)
        helpless = min(item.error.total for item in scores.ranking) >= 1
        _say(self.estimate, _HELPLESS if helpless else _ESTIMATE)
        self.estimate.setToolTip(
            f"This mask: noise left {_times(error.noise_left)}, detail lost"
            f" {_times(error.detail_lost)}, in units of the noise variance."
        )
        _say(self.source, f"Noise measured in {scores.basis.noise.source}.")
        self.radius.set_curve(curve)
        self._fill_table(scores.ranking)

    def _fill_table(self, ranking: tuple[Ranked, ...]) -> None:
        table = self.table
        table.setRowCount(len(ranking))
        for y, item in enumerate(ranking):
            texts = (
                f"{item.rank} =" if item.near_tie else str(item.rank),
                item.label,
                _times(item.error.total),
                _percent(item.copied),
                str(item.pixels),
            )
            for x, text in enumerate(texts):
                cell = table.item(y, x)
                if cell is None:
                    cell = QTableWidgetItem()
                    side = Qt.AlignmentFlag.AlignLeft if x == 1 else Qt.AlignmentFlag.AlignRight
                    cell.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                    table.setItem(y, x, cell)
                if cell.text() != text:
                    cell.setText(text)
                    cell.setToolTip(text if x == 1 else "")
                font = cell.font()
                if font.bold() != (item.label == PRESENT):
                    font.setBold(item.label == PRESENT)
                    cell.setFont(font)
        present = next((y for y, item in enumerate(ranking) if item.label == PRESENT), 0)
        if (cell := table.item(present, 1)) is not None:
            table.scrollToItem(cell)  # moves only if it cannot be seen

    # --- suggestion ---------------------------------------------------------------------------

    def _on_suggested(self) -> None:
        suggestion = self._quality.suggestion
        self.suggestions.set_suggestion(suggestion)
        self.suggestions.setVisible(suggestion is not None)
        self.suggest_button.setVisible(suggestion is None)
        self.take_button.setVisible(suggestion is not None)
        if suggestion is None:
            words = "For every size the mask that hides most of the noise, found from its measured"
            self.suggested.setText(f"{words} correlation.")
        else:
            self.suggested.setText(suggestion.sentence + " Click the curve for another size.")
        self._mark()

    def _mark(self) -> None:
        suggestion, mask = self._quality.suggestion, self._session.mask
        place = None
        if suggestion is not None and mask is not None:
            size = mask.statistics.true_pixels
            cropped = mask.cropped()
            same = (p for p in suggestion.points if p.pixels == size and p.mask == cropped)
            place = next((point.pixels for point in same), None)
        self.suggestions.mark(place)

    def _take_knee(self) -> None:
        if self._quality.suggestion is not None:
            self.take(self._quality.suggestion.knee)

    def take(self, index: int) -> None:
        """Put a mask of the suggestion's curve in place of the present one."""
        suggestion = self._quality.suggestion
        if suggestion is not None:
            point = suggestion.points[index]
            how = "suggested from the measured noise"
            self._session.set_mask(point.mask, how, f"Suggested mask of {point.pixels} pixels")

    # --- destriped frames ---------------------------------------------------------------------

    def _endless_lines(self) -> Lines | None:
        """Return which lines no mask hides, by the curve or else by the verdict."""
        scores, extraction = self._quality.scores, self._session.extraction
        if scores is not None and scores.assessment.curve.spans:
            axis = scores.assessment.curve.axis
            if axis == "rows" or axis == "columns":
                return axis
        verdict = None if extraction is None else extraction.verdict
        return None if verdict is None else verdict.lines

    def ask_destriped(self) -> None:
        """Ask for a file and write the frames without their line offsets."""
        paths = self._session.paths
        if paths:
            proposed = paths[0].with_name(f"{paths[0].stem}_destriped.tif")
            dialogs.ask_new_file(self, "Save destriped frames", proposed, _TIFF, self._destripe_to)

    def _destripe_to(self, name: str, _filter: str) -> None:
        self.save_destriped(Path(name))

    def save_destriped(self, path: Path) -> None:
        """Write the frames without the offsets of their rows or columns, off the GUI thread."""
        scores, frames = self._quality.scores, self._session.frames
        if scores is None or frames is None:
            return
        lines = self._endless_lines() or "rows"
        if path.resolve() in {own.resolve() for own in self._session.paths}:
            self._session.report_error(f"{path.name}: is the open file; choose another name.")
            return

        def work(progress: Any, cancelled: Any) -> Any:
            from structmask_gui.io.destriped import save_destriped

            return save_destriped(
                frames, lines, path, force=True, progress=progress, cancelled=cancelled
            )

        self._say_destriping("Writing destriped frames…")
        self._lane.submit(work)

    def _on_step(self, step: Any) -> None:
        self._say_destriping(f"Writing destriped frames: {step.done} of {step.total}")

    def _on_written(self, outcome: Outcome) -> None:
        if outcome.kind == "done":
            name = outcome.result.name
            self._say_destriping(f"Written: {name}. Open it and measure again.")
            return
        self._say_destriping("")
        if outcome.kind == "error":
            self._session.report_error(outcome.text)
        elif outcome.kind == "bug":
            self._session.bug.emit(outcome.text)

    def _say_destriping(self, text: str) -> None:
        _say(self.said, text)
        self.said.setVisible(bool(text))

    def _on_closing(self) -> None:
        self._lane.close()

    def _on_stack(self) -> None:
        # The files it reads are about to be closed.
        self._lane.cancel()
        self._say_destriping("")
        self._update()

    # --- size, end ----------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Return room for both bars and the ranking."""
        return QSize(600, 190)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing can be read."""
        return QSize(320, 120)

    def stop(self) -> None:
        """Stop the thread, and drop the plots before the window goes."""
        self._lane.close()
        for view in (self.radius, self.suggestions):
            view.release()


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_COLUMNS))
    for x, (name, explanation) in enumerate(_COLUMNS):
        heading = QTableWidgetItem(name)
        heading.setToolTip(explanation)
        table.setHorizontalHeaderItem(x, heading)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(20)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setAlternatingRowColors(True)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setAccessibleName("Ranking of masks, estimate from a linear model")
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    return table


def _paragraph() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _say(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def _times(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _copied_words(found: Any) -> str:
    if found.copied_bare < _NEXT_TO_NOTHING:
        return "Even the bare centre leaves next to nothing to copy: plain N2V will do."
    return (
        f"{_percent(found.copied)} of the noise can be copied; bare centre:"
        f" {_percent(found.copied_bare)}."
    )


def _needless_words(needless: int, hidden: int) -> str:
    if not hidden:
        return "Nothing but the centre is hidden."
    if not needless:
        return "Every hidden pixel keeps noise from being copied."
    which, them = ("pixel hides", "it") if needless == 1 else ("pixels hide", "them")
    return f"{needless} {which} no noise; without {them} the network sees more of the picture."
