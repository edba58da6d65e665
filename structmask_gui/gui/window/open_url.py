"""The dialog that asks for the address of an image on a server."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.errors import InputError
from structmask_gui.gui.widgets.dialogs import without_icons
from structmask_gui.io.files.paths import pasted_path
from structmask_gui.io.files.remote import check_address, remote_address

FEW = 500
"""Patches that are usually enough for a mask."""

_COSTS = (
    "All that is measured is downloaded: with all patches, the whole image. Your provider may"
    " charge for it."
)
_CREDENTIALS = (
    "If the server needs a login, the one set up on this computer for the library that reads it"
    " (fsspec) is used. StructMask asks for no password and keeps none; the address stands in the"
    " list of recent files and in the record. It is not opened again by itself."
)


class AddressDialog(QDialog):
    """Asks for an address; `answer` gets it, and whether only `FEW` patches are to be measured."""

    def __init__(
        self, parent: QWidget | None, answer: Callable[[str, bool], object], *, all_patches: bool
    ) -> None:
        super().__init__(parent)
        self._answer = answer
        self.setWindowTitle("Open address")
        self.field = QLineEdit()
        self.field.setPlaceholderText("https://host/image.zarr")
        self.field.setAccessibleName("Address")
        self.field.setMaxLength(2000)
        self.field.setClearButtonEnabled(True)
        label = QLabel("&Address of a Zarr or OME-Zarr image:")
        label.setBuddy(self.field)
        self.problem = QLabel()
        self.few = QCheckBox(f"&Measure {FEW} patches, chosen at random, rather than all")
        self.few.setToolTip(f"{FEW} are usually enough for a mask.")
        self.few.setChecked(all_patches)
        self.few.setVisible(all_patches)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self.open_button = buttons.button(QDialogButtonBox.StandardButton.Open)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)
        self.field.textChanged.connect(self._on_text)
        layout = QVBoxLayout(self)
        layout.addWidget(label)
        layout.addWidget(self.field)
        layout.addWidget(self.problem)
        layout.addWidget(self.few)
        for words in (_COSTS, _CREDENTIALS):
            text = QLabel(words)
            text.setWordWrap(True)
            layout.addWidget(text)
        self.problem.setWordWrap(True)
        layout.addStretch(1)
        layout.addWidget(buttons)
        without_icons(self)
        self.resize(540, self.sizeHint().height())
        self._on_text()

    def _on_text(self, *_: object) -> None:
        address = remote_address(pasted_path(self.field.text()).strip())
        problem = ""
        if address is not None:
            try:
                check_address(address)
            except InputError as error:
                problem = f"The address: {error}"
        elif self.field.text().strip():
            problem = "Begins with https://, s3://, gs://, az:// or abfs://."
        self.problem.setText(problem)
        self.open_button.setEnabled(address is not None and not problem)
        layout = self.layout()
        if layout is not None:
            # A problem of several lines must not push the others together.
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    def _on_accepted(self) -> None:
        address = remote_address(pasted_path(self.field.text()).strip())
        if address is not None:
            self._answer(address, self.few.isChecked())
