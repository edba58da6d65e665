"""Every parameter once: name, default, range, unit, help."""

from structmask_gui.core.parameters.model import Parameters

__all__ = ["Parameters"]
