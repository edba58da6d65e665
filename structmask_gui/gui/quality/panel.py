"""What the mask will do: two bars, a ranking, the curve over the radius, suggested masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.quality.copied_noise import RADIUS
from structmask_gui.core.recommend.wording import WORDS
from structmask_gui.gui.quality.curves import RadiusView, SuggestionView
from structmask_gui.gui.quality.frame_writer import endless_lines
from structmask_gui.gui.quality.ranking import RankingTable
from structmask_gui.gui.session.quality import Doubt, Quality, Scores
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colours import smaller
from structmask_gui.gui.widgets.bars import BarRow
from structmask_gui.gui.widgets.labels import paragraph, say, scrolled
from structmask_gui.gui.widgets.wording import error_words, percent

if TYPE_CHECKING:
    pass

_NOTHING = "Open a stack to see the effect of its mask before training."
_FAILED = "This stack could not be measured."
_MEASURING = "Measuring the noise…"
_ESTIMATE = "Expected error: lower is better, 100 % is no denoising"
_DOUBTS: dict[Doubt, str] = {
    "structure": "The noise could not be separated from structure: do not rely on this order.",
    "weak": "Too little noise to rank masks by: an error over 100 % is more than the noise itself.",
}
_MORE: dict[Doubt, str] = {
    "structure": "Flat parts of the image may hold structure that passes for noise. Record 6 or"
    " more frames of one still field.",
    "weak": "With any of these masks, the linear estimate is further from the sample than the noisy"
    " frame is. A trained network does better, but with which mask is not known.",
}
"""What is said under the ranking, and in its tooltip, where the order says nothing."""

_FEWEST_WORDS = 20
"""Letters of a line below which the words beside the tabs cannot be read."""

_WORTH_SAYING = 0.0025
"""Standard error of a share from which its interval is given."""

_NEXT_TO_NOTHING = 0.005
"""Share of the noise variance below which nothing needs to be hidden."""


class QualityPanel(QWidget):
    """Follows the session's mask through `Quality`; computes nothing itself."""

    removal_asked = Signal()  # offsets of whole lines are to be removed

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._quality: Quality = session.quality
        self._build()
        self._quality.changed.connect(self._update)
        self._quality.suggested.connect(self._on_suggested)
        session.mask_changed.connect(self._mark)
        session.stack_changed.connect(self._update)
        session.error_changed.connect(self._update)
        session.busy_changed.connect(self._update)
        self._update()

    # --- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        self.copied = BarRow(
            "Noise a network could copy (estimate)",
            "Share of the noise variance that the neighbours left visible predict, and a network"
            " learns to copy. The full bar is what it could copy without a mask.",
        )
        self.hidden = BarRow(
            "Hidden without need",
            "Pixels of the mask that could be shown to the network without more noise being"
            " copied. The full bar is the whole mask but its centre.",
        )
        self.doubt = paragraph()
        font = self.doubt.font()
        font.setBold(True)
        self.doubt.setFont(font)
        self.reach = paragraph()
        self.destripe_button = QPushButton("Preview removal…")
        self.destripe_button.setToolTip("Show a frame without the offsets, then write all")
        self.destripe_button.clicked.connect(self.removal_asked)
        self.destripe_button.hide()
        self.source = paragraph()
        self.source.setEnabled(False)
        words = QWidget()
        column = QVBoxLayout(words)
        column.setContentsMargins(8, 6, 4, 6)
        column.setSpacing(5)
        # First where it is there: the headline points to it, and a small window scrolls the rest.
        column.addWidget(self.destripe_button, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.doubt, self.copied, self.hidden, self.reach, self.source):
            column.addWidget(widget)
        column.addStretch(1)
        self.words = scrolled(words)

        self.radius = RadiusView()
        self.radius.pointed.connect(self._session.point)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        # The names of the masks need it; in a small window the words beside have less.
        self.tabs.setMinimumWidth(self._letter() * 49)
        self.tabs.addTab(self._ranking_page(), "Ranking")
        self.tabs.addTab(self.radius, "If the network looks further")
        self.tabs.addTab(self._suggest_page(), "Other sizes")

        both = QWidget()
        self._row = QHBoxLayout(both)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.addWidget(self.words, 1)
        self._row.addWidget(self.tabs, 1)
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
        self.table = RankingTable()
        self.estimate = QLabel(_ESTIMATE)
        self.estimate.setWordWrap(True)
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
        self.stop_button = QPushButton("Cancel")
        self.stop_button.setToolTip("Stop looking for masks")
        self.stop_button.clicked.connect(self._quality.suggesting.cancel)
        self.take_button = QPushButton("Take it")
        self.take_button.setToolTip("Put the suggested mask in place of the present one")
        self.take_button.clicked.connect(self._take_knee)
        self.suggested = paragraph()
        self.suggested.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(6, 4, 6, 0)
        buttons.addWidget(self.suggested, 1)
        for button in (self.suggest_button, self.stop_button, self.take_button):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
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
        """Measure only while the panel is visible."""
        super().hideEvent(event)
        self._quality.watch(self, False)

    def _update(self, _change: object = None) -> None:
        quality, session = self._quality, self._session
        scores = quality.scores
        if quality.state == "ready" and scores is not None:
            # Older figures may stand for the blink of an eye, not while a stack is measured.
            if not session.state.stale:
                self._show(scores)
            self.pages.setCurrentIndex(1)
            self.pages.setEnabled(not session.state.stale)
            return
        self.pages.setEnabled(True)
        self.placeholder.setText(self._nothing_shown())
        self.pages.setCurrentIndex(0)

    def _nothing_shown(self) -> str:
        """Return why there are no figures."""
        state, session = self._quality.state, self._session
        if state == "failed":
            return self._quality.error
        if state != "nothing":
            return _MEASURING
        if session.state.frames is None:
            return _NOTHING
        if session.state.busy:
            return _MEASURING
        error = session.state.error
        return f"{_FAILED} {error}" if error else "This stack was not measured."

    def _show(self, scores: Scores) -> None:
        found, error = scores.assessment.figures, scores.assessment.error
        doubtful, answer = self._session.doubt, self._session.answer
        untold = answer is not None and answer.certainty == "cannot tell"
        # The word that the answer has for it.
        word = WORDS["cannot tell" if untold else "uncertain"]
        say(self.doubt, f"{word} {doubtful}" if doubtful else "")
        self.doubt.setVisible(bool(doubtful))
        for row in (self.copied, self.hidden):
            row.set_pale(bool(doubtful))
        bare = found.copied_bare
        # A share of next to nothing would be a bar as full as if all were lost.
        share = found.copied / bare if bare >= _NEXT_TO_NOTHING else 0.0
        full = f"without a mask {percent(bare)}" if bare >= _NEXT_TO_NOTHING else ""
        within = f" ± {percent(2 * found.error)}" if found.error >= _WORTH_SAYING else ""
        self.copied.show_share(share, percent(found.copied) + within, _copied_words(bare), full)
        kept = self._kept_for_error(scores)
        hidden = found.judged
        needless = found.needlessly_hidden
        self.hidden.show_share(
            needless / hidden if hidden else 0.0,
            f"{needless} of {hidden}" if hidden else "none",
            (kept or self._needless(scores, needless, hidden)) + _unjudged_words(scores),
        )
        curve = scores.assessment.curve
        near = f" Measured within {found.radius} px, as far as possible here."
        narrow = near if found.radius < RADIUS else ""
        say(self.reach, f"{curve.sentence}{narrow}{' ' if found.note else ''}{found.note}")
        font = self.reach.font()
        if font.bold() != curve.spans:
            font.setBold(curve.spans)
            self.reach.setFont(font)
        self.destripe_button.setVisible(endless_lines(self._session) is not None)
        doubt = scores.doubt
        say(self.estimate, _ESTIMATE if doubt is None else _DOUBTS[doubt])
        font = self.estimate.font()
        if font.bold() != (doubt is not None):
            font.setBold(doubt is not None)
            self.estimate.setFont(font)
        self.estimate.setToolTip(
            f"This mask: noise left {error_words(error.noise_left)}, detail lost"
            f" {error_words(error.detail_lost)} (of the noise's variance)."
            if doubt is None
            else _MORE[doubt]
        )
        say(self.source, scores.basis.where)
        self.radius.set_curve(curve)
        self.table.show_ranking(scores.ranking, doubt)

    def _kept_for_error(self, scores: Scores) -> str:
        """Return why the suggested mask keeps pixels that hide no noise, if it does."""
        suggestion = self._quality.suggestion
        if suggestion is None or not suggestion.kept:
            return ""
        if scores.mask.cropped() != suggestion.mask:
            return ""
        rises = "the estimated error" if suggestion.by_error else "what is copied"
        return (
            f"{suggestion.kept} pixels hide hardly any noise; the suggestion keeps them because"
            f" without them {rises} rises."
        )

    def _needless(self, scores: Scores, needless: int, hidden: int) -> str:
        """Return what hiding too much costs; of the recommended mask that is in its error."""
        recommendation = self._session.recommendation
        chosen = None if recommendation is None else recommendation.mask
        if not needless or chosen is None or scores.mask.cropped() != chosen:
            return _needless_words(needless, hidden)
        which = "pixel hides" if needless == 1 else "pixels hide"
        return f"{needless} {which} hardly any noise, and cost hardly any detail."

    # --- suggestion ---------------------------------------------------------------------------

    def _on_suggested(self) -> None:
        asked, suggestion = self._quality.suggesting, self._quality.suggestion
        self.suggestions.set_suggestion(suggestion)
        self.suggestions.setVisible(suggestion is not None)
        self.suggest_button.setVisible(suggestion is None and not asked.busy)
        self.stop_button.setVisible(asked.busy)
        self.take_button.setVisible(suggestion is not None and not asked.busy)
        more = ""
        if asked.busy:
            text = "Looking for masks…"
        elif asked.error:
            text = f"No mask could be suggested: {asked.error}"
        elif suggestion is None:
            text = "Finds for every size the mask that hides most of the noise."
        else:
            point = suggestion.points[suggestion.knee]
            what = "Only the centre" if point.pixels == 1 else f"{point.pixels} pixels"
            text = f"{what}: {percent(point.copied)} could be copied. Click the curve for others."
            basis = self._quality.basis
            if basis is not None and not basis.trusted:
                text = f"{what}, but noise and structure could not be separated: do not rely on it."
            more = suggestion.sentence
        say(self.suggested, text)
        self.suggested.setToolTip(more)
        self._mark()

    def _mark(self) -> None:
        suggestion, mask = self._quality.suggestion, self._session.state.mask
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
            self._session.edits.set_mask(
                point.mask, how, f"Suggested mask of {point.pixels} pixels"
            )

    # --- size, end ----------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make the words a tab of their own where they would get too little beside the others."""
        super().resizeEvent(event)
        narrow = self.width() < self.tabs.minimumWidth() + _FEWEST_WORDS * self._letter()
        beside = self.tabs.indexOf(self.words) < 0
        if narrow and beside:
            self._row.removeWidget(self.words)
            self.tabs.insertTab(0, self.words, "Figures")
            self.tabs.setCurrentIndex(0)
        elif not narrow and not beside:
            self.tabs.removeTab(0)
            self._row.insertWidget(0, self.words, 1)
            self.words.show()

    def _letter(self) -> int:
        return self.fontMetrics().horizontalAdvance("x")

    def sizeHint(self) -> QSize:
        """Return room for both bars and the ranking."""
        return QSize(600, 190)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing can be read."""
        return QSize(320, 120)

    def stop(self) -> None:
        """Stop the thread, and drop the plots before the window goes."""
        for view in (self.radius, self.suggestions):
            view.release()


def _copied_words(bare: float) -> str:
    if bare < _NEXT_TO_NOTHING:
        return "Next to nothing can be copied even without a mask: plain N2V will do."
    return ""


def _unjudged_words(scores: Scores) -> str:
    found, pixels = scores.assessment.figures, scores.mask.statistics.true_pixels - 1
    if found.judged == pixels:
        return ""
    return f" The mask hides {pixels}; those within {found.radius} px were evaluated."


def _needless_words(needless: int, hidden: int) -> str:
    if not hidden:
        return "Nothing but the centre is hidden."
    if not needless:
        return f"Each of the {hidden} shares measurable noise."
    which, them = ("pixel hides", "it") if needless == 1 else ("pixels hide", "them")
    return f"{needless} {which} no noise; without {them} the network sees more of the structure."
