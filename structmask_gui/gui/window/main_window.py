"""The window: menus, toolbar, headline, views in the middle, docks around them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QChildEvent, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.batch.offer import OneMaskOffer
from structmask_gui.gui.desktop import places
from structmask_gui.gui.desktop.logs import LogLines
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.export.exporter import Exporter
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.app_theme import AppTheme
from structmask_gui.gui.style.icons import application_icon
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.drop import dropped
from structmask_gui.gui.widgets.wording import plain
from structmask_gui.gui.window.actions import ACTIONS
from structmask_gui.gui.window.commands import Commands
from structmask_gui.gui.window.docks import (
    DETAILS,
    DOCKS,
    PRESETS,
    WIDTHS,
    Dock,
    DockInfo,
    TabBarEnd,
    arrange,
    build_panel,
    first_size,
)
from structmask_gui.gui.window.headline import Headline
from structmask_gui.gui.window.menus import Menus
from structmask_gui.gui.window.restore import Remembering
from structmask_gui.gui.window.shell import Shell
from structmask_gui.gui.window.view_area import ViewArea

if TYPE_CHECKING:
    from structmask_gui.gui.widgets.find_command import Command

log = logging.getLogger(__name__)

_LATEST = 1000
_MESSAGE_TIME = 8000


class MainWindow(Shell):
    """The whole application window.

    The shell with its first view is made at once; the docks follow in `complete`, which the first
    show event asks for, so that the window is on the screen early.
    """

    completed = Signal()  # all docks are there

    def __init__(
        self,
        settings: Settings,
        theme: AppTheme,
        log_lines: LogLines,
        session: Session | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.theme = theme
        theme.setParent(self)
        self.log_lines = log_lines
        self.session = session or Session()
        self.session.setParent(self)
        self.exporter = Exporter(self.session, self)
        self.commands = Commands(self)
        self.docks = {}
        self.panels: dict[str, Any] = {}
        self._dock_sizes: dict[str, int] = {}
        self._files_width = 0  # of the file list, if it was not changed by hand
        self._folder: Path | None = None
        self._file_list_asked = False
        self._complete = False
        self._closed = self._leaving = self._may_go = False
        self._close_question: QMessageBox | None = None  # the one that is open
        self._painted = False
        self._bug_shown = False
        self.saves_settings = True

        self.setObjectName("main")
        self.setWindowIcon(application_icon())
        self.setAcceptDrops(True)
        self._tab_bar_end = TabBarEnd(self)
        self.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
        )
        bottom_left, bottom_right = Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner
        self.setCorner(bottom_left, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.setCorner(bottom_right, Qt.DockWidgetArea.RightDockWidgetArea)

        self.session.set_colormap(settings.colormap)
        self.session.keeps_measurements = settings.keep_measurements
        self.headline = Headline(self.session)
        self.views = ViewArea(self.session, settings.recent_files)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.headline)
        layout.addWidget(self.views, 1)
        self.setCentralWidget(centre)
        self.pointer, self.batch_progress = QLabel(), QLabel()
        self.statusBar().addPermanentWidget(self.pointer)
        self.statusBar().addPermanentWidget(self.batch_progress)
        self.menus = Menus(self.commands)
        self.actions_by_id = self.menus.actions
        self.toolbar = self.menus.toolbar
        self._connect()
        self.remembering = Remembering(self)
        self.remembering.restore_geometry()
        self._update_title()

    # --- building -----------------------------------------------------------------------------

    def _connect(self) -> None:
        session = self.session
        session.stack_changed.connect(self._on_stack)
        session.preset_changed.connect(self._update_title)
        session.pointed.connect(self.pointer.setText)
        session.edit_dropped.connect(self.say)
        session.bug.connect(self.show_bug)
        session.let_go = self.commands.let_go
        session.writers.ended.connect(self._on_writer_ended)
        self.theme.changed.connect(self._on_theme)
        self.exporter.written.connect(self.commands.show_written)
        self.views.written.connect(self.commands.show_written)
        self.headline.row.set_use_menu(self.menus.use_mask)
        self.headline.row.acted.connect(self.act)
        self.headline.row.why.connect(self.commands.show_why)
        self.headline.one_mask.connect(self.commands.one_mask)
        self.headline.many_files.connect(self.commands.many_files)
        self.views.open_asked.connect(self.commands.open_files)
        self.views.sample_asked.connect(self.commands.open_sample)
        self.views.file_asked.connect(self._on_file_asked)
        self._on_theme()

    def showEvent(self, event: QShowEvent) -> None:
        """Have the docks made even if the window is never painted, as when it starts minimised."""
        super().showEvent(event)
        if not self._complete:
            QTimer.singleShot(_LATEST, self, self.complete)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Have the docks made once the shell is on the screen."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.complete)

    def complete(self) -> None:
        """Make the remaining views and the docks."""
        if self._complete or self._closed:
            return
        self._complete = True
        self.views.complete()
        self.views.editor.file.said.connect(self.say)
        self.one_mask = OneMaskOffer(self.session, self)
        self.one_mask.changed.connect(self._on_one_mask)
        self.views.preview.copy_asked.connect(self.commands.copy_figure)
        panels_menu = QMenu("&Panels", self)
        for number, info in enumerate(DOCKS, 1):
            toggle = self._make_dock(info).toggleViewAction()
            toggle.setShortcut(f"Alt+{number}")
            toggle.setStatusTip(f"Show or hide {info.title.lower()}.")
            toggle.setToolTip(f"{toggle.statusTip()} (Alt+{number})")
            panels_menu.addAction(toggle)
        view_menu = self.menus.menu("&View")
        view_menu.insertMenu(self.actions_by_id["next_panel"], panels_menu)
        arrange(self, self.docks)
        self.remembering.restore_layout()
        self.set_tune(self.settings.tune)
        self.set_details(self.settings.details)
        self.completed.emit()

    def _make_dock(self, info: DockInfo) -> QDockWidget:
        dock = Dock(info.title, self)
        dock.setObjectName(info.id)
        self.docks[info.id] = dock
        dock.visibilityChanged.connect(self._on_dock_shown)
        dock.switched.connect(self._on_dock_switched)
        return dock

    def panel(self, name: str) -> Any:
        """Return a panel, made when it is first wanted."""
        if name not in self.panels:
            info = next(info for info in (*DOCKS, PRESETS) if info.id == name)
            self.panels[name] = build_panel(info, self)
            if name in self.docks:
                self.docks[name].setWidget(self.panels[name])
        return self.panels[name]

    def _on_dock_shown(self, shown: bool) -> None:
        dock = self.sender()
        if shown and isinstance(dock, QDockWidget):
            self.panel(dock.objectName())

    # --- calm, tune, details ------------------------------------------------------------------

    def set_tune(self, tune: bool) -> None:
        """Show the screen to tune the parameters, or the calm one."""
        self.settings.tune = tune
        self.menus.check_switch("tune", tune)
        if not self._complete:
            return
        # Wide views and docks at once, for a moment, would widen a small window for good.
        if tune:
            self.views.set_tune(True)
            self._update_file_list()
        self._show_dock("parameters", tune)
        self._update_file_list()
        if not tune:
            self.views.set_tune(False)

    def set_details(self, details: bool) -> None:
        """Show the panels of details, or close them."""
        self.settings.details = details
        self.menus.check_switch("details", details)
        if not self._complete:
            return
        for name in DETAILS:
            self._show_dock(name, details)
        if details:
            self.docks["quality"].raise_()

    def _show_dock(self, name: str, shown: bool) -> None:
        """Show a dock in the size it had, or close it."""
        dock = self.docks[name]
        if not shown and not dock.isHidden():
            self._dock_sizes[name] = dock.width() if name in WIDTHS else dock.height()
            dock.hide()
        elif shown and dock.isHidden():
            self.panel(name)
            dock.show()
            self._size_dock(dock)

    def _size_dock(self, dock: QDockWidget) -> None:
        """Give a dock the size it had, or its first one, whatever its panel would like."""
        name = dock.objectName()
        first = first_size(name, self.width(), self.settings.text_size)
        size = self._dock_sizes.get(name, first)
        if name == "files":
            self._files_width = size if size == first else 0
        across = Qt.Orientation.Horizontal if name in WIDTHS else Qt.Orientation.Vertical
        self.resizeDocks([dock], [size], across)

    def _fit_file_list(self) -> None:
        """Let the file list follow the window and its text while nobody has changed its width."""
        dock = self.docks.get("files")
        if dock is not None and dock.isVisible() and dock.width() == self._files_width:
            self._dock_sizes.pop("files", None)
            self._size_dock(dock)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the file list its share."""
        super().resizeEvent(event)
        self._fit_file_list()

    def _update_file_list(self) -> None:
        """Show the file list to tune, and where the folder holds several files."""
        wanted = self.settings.tune or places.holds_several(self.session.state.paths)
        wanted = self.settings.file_list and (wanted or self._file_list_asked)
        if self.settings.tune and not self._file_list_asked:
            # With large text it would widen a small window.
            parameters = dialogs.for_text(self, WIDTHS["parameters"])
            room = self.width() - self.views.minimumSizeHint().width() - parameters
            wanted = wanted and room >= WIDTHS["files"]
        self._show_dock("files", wanted)

    def _on_dock_switched(self, shown: bool) -> None:
        """Follow the entry of a dock in the menu, or its button."""
        dock = self.sender()
        if isinstance(dock, QDockWidget) and shown:
            self._size_dock(dock)
        if dock is self.docks["files"]:
            self.settings.file_list = self._file_list_asked = shown

    # --- what panels and commands ask of the window -------------------------------------------

    def _on_file_asked(self, path: str) -> None:
        self.open_paths([path])

    def open_paths(self, paths: Sequence[str]) -> None:
        """Open files and Zarr folders; another folder among them is shown in the file browser.

        A mask is taken as the mask, and a record opens its own image before; a file that only looks
        like a mask is asked about. What went wrong before is no longer said.
        """
        from structmask_gui.io.results.files import is_mask, is_surely_mask

        self.session.dismiss_error()
        folders = [path for path in paths if not places.is_image(path)]
        files = [path for path in paths if path not in folders]
        # Chosen together with its image, a record opens that as well.
        files = [path for path in files if path.lower().endswith(".json")][:1] or files
        if folders:
            self.show_folder(folders[0])
        path = Path(files[0]) if len(files) == 1 else None
        if path is not None and is_surely_mask(path):
            self._open_mask(path)
        elif path is not None and self.session.state.extraction is not None and is_mask(path):
            dialogs.ask_either(
                self,
                "Image or mask?",
                f"{path.name} has only two values and the size of a mask.",
                ("Open as an image", partial(self.session.open, files)),
                ("Take it as the mask", partial(self._open_mask, path)),
            )
        elif files:
            self.session.open(files)

    def _open_mask(self, path: Path) -> None:
        self.complete()
        file = self.views.editor.file
        if self.session.state.extraction is None or path.suffix.lower() == ".json":
            file.open_record(path)
        else:
            file.open(path)

    def show_folder(self, folder: str) -> None:
        """Show a folder in the file browser."""
        self.complete()
        self.settings.remember_folder(folder)
        self.show_panel("files").show_folder(folder)

    def show_panel(self, name: str) -> Any:
        """Bring a panel to the front and return it."""
        self.complete()
        dock = self.docks.get(name, self.docks["parameters"])
        self._show_dock(dock.objectName(), True)
        self._file_list_asked |= name == "files"
        dock.raise_()
        return self.panel(name)

    def act(self, action: str) -> None:
        """Do what a button of the answer says."""
        self.commands.act(action)

    def say(self, text: str) -> None:
        """Say something in the status bar for a while."""
        self.statusBar().showMessage(text, _MESSAGE_TIME)

    def show_error(self, text: str) -> None:
        """Put a sentence on what went wrong into the headline."""
        self.session.report_error(text)

    def show_bug(self, report: str) -> None:
        """Show the report of an error of the program; one at a time."""
        from structmask_gui.gui.window import help_dialogs

        if self._bug_shown or self._closed:
            return
        self._bug_shown = True
        dialog = help_dialogs.report(self, report)
        dialog.finished.connect(self._on_bug_read)
        dialog.show()

    def _on_bug_read(self) -> None:
        self._bug_shown = False

    def shortcuts(self) -> list[tuple[str, str, str]]:
        """Return keys, name and text of all actions that have keys."""
        rows = [(info.shortcut, info.text, info.tip) for info in ACTIONS if info.shortcut]
        for dock in self.docks.values():
            action = dock.toggleViewAction()
            rows.append((action.shortcut().toString(), action.text(), action.statusTip()))
        return [(keys, plain(text), tip) for keys, text, tip in rows]

    def all_commands(self) -> list[Command]:
        """Return every action of the window, to be found by its words."""
        from structmask_gui.gui.widgets.find_command import Command

        found = [
            Command(self.actions_by_id[info.id], info.menu, info.tip)
            for info in ACTIONS
            if info.id != "find_command"
        ]
        toggles = [dock.toggleViewAction() for dock in self.docks.values()]
        found += [Command(one, "View/Panels", one.statusTip()) for one in toggles]
        presets = self.panel("presets").load_actions
        return found + [Command(one, "Presets/Load", one.statusTip()) for one in presets]

    def focus_next_panel(self) -> None:
        """Move the keyboard on to the next visible panel, or to the views."""
        stops: list[QWidget] = self.views.places() or [self.views]
        stops += [d for d in self.docks.values() if d.isVisible() and not _is_behind(d)]
        focused = self.focusWidget()
        now = next(
            (n for n, p in enumerate(stops) if focused is not None and p.isAncestorOf(focused)), -1
        )
        target = stops[(now + 1) % len(stops)]
        inner = target.widget() if isinstance(target, QDockWidget) else target
        first = next(
            (
                w
                for w in inner.findChildren(QWidget)
                if w.isVisible()
                and w.isEnabled()
                and w.focusPolicy() & Qt.FocusPolicy.TabFocus
                # Which do not show that they have the keyboard.
                and not isinstance(w, (QScrollArea, QAbstractButton))
            ),
            inner,
        )
        first.setFocus(Qt.FocusReason.TabFocusReason)

    def reset_layout(self) -> None:
        """Put docks, toolbar and views back to where they were first."""
        self.complete()
        self._dock_sizes.clear()
        self.settings.file_list, self._file_list_asked = True, False
        arrange(self, self.docks)
        self.set_tune(False)
        self.set_details(False)
        self.views.reset_layout()
        self.toolbar.show()

    # --- following the session ----------------------------------------------------------------

    def _on_stack(self) -> None:
        for path in self.session.state.paths:
            self.settings.remember_file(path)
        self._update_title()
        folder = self.session.state.paths[0].parent if self.session.state.paths else None
        if folder != self._folder:
            self._folder = folder
            if self._complete:
                self._update_file_list()
        self.save_settings()

    def _update_title(self) -> None:
        frames = self.session.state.frames
        self.setWindowTitle("StructMask" if frames is None else f"{frames.name} – StructMask")

    def _on_theme(self, *_: object) -> None:
        self.menus.check_theme(self.theme.name)

    def _on_one_mask(self) -> None:
        self.headline.offer_one_mask(self.one_mask.text, self.one_mask.name)

    # --- drop, palette, geometry, end ---------------------------------------------------------

    def childEvent(self, event: QChildEvent) -> None:
        """Watch the tab bars that Qt makes for docks."""
        super().childEvent(event)
        if event.type() == QEvent.Type.ChildPolished:
            self._tab_bar_end.watch(event.child())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.open_paths(dropped(event))

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icons again in the colours of a new palette; give larger text its room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "menus"):
            self._fit_file_list()
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "menus"):
            self.menus.restyle()

    def save_settings(self) -> None:
        """Write what is to be found again at the next start."""
        if self.saves_settings:
            self.remembering.save(layout=self._complete)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save, stop the threads and drop the plots; the order matters."""
        if self._closed:
            event.accept()
            return
        if writing := self.session.writers.writing:
            event.ignore()
            # A result that is made while it waits is asked about, too.
            self._may_go = False
            self._close_later(writing)
            return
        self._stop_waiting()  # what is asked now has the last word
        if not self._may_go:
            self.commands.end(self._go)
        if not self._may_go:
            event.ignore()
            return
        self.save_settings()
        self.remembering.stop()
        self._closed = True
        self.theme.changed.disconnect(self._on_theme)
        self.exporter.close()
        if self._complete:
            self.one_mask.stop()
        self.session.close()
        for panel in self.panels.values():
            stop = getattr(panel, "stop", None)
            if stop is not None:
                stop()
        self.views.stop()
        for box in self.findChildren(QMessageBox):
            box.close()
        event.accept()
        super().closeEvent(event)

    def _go(self) -> None:
        self._may_go = True
        self.close()

    def _close_later(self, writing: str) -> None:
        """Close once all is written; who asks a second time may have it discarded."""
        if self._close_question is not None:
            dialogs.bring_up(self._close_question)
        elif self._leaving:
            question = f"Writing {writing} is not done. Closing now discards it."
            box = dialogs.ask_yes(self, "Close now?", question, "Close now", self._close_now)
            box.finished.connect(self._on_close_question)
            self._close_question = box
        self._leaving = True
        self.statusBar().showMessage(f"Writing {writing}… Then the window closes.")

    def _on_close_question(self, *_: object) -> None:
        self._close_question = None

    def _stop_waiting(self) -> None:
        if not self._leaving:
            return
        self._leaving = False
        self.statusBar().clearMessage()
        if self._close_question is not None:
            self._close_question.close()

    def _close_now(self) -> None:
        self.session.writers.cancel()
        self.close()

    def _on_writer_ended(self, error: str) -> None:
        if not self._leaving:
            return
        if error:
            # It is to be read, and the file written elsewhere.
            self._stop_waiting()
            self.show_error(error)
        elif not self.session.writers.writing:
            self.close()


def _is_behind(dock: QDockWidget) -> bool:
    """Tell whether a dock is covered by another tab."""
    return dock.visibleRegion().isEmpty()
