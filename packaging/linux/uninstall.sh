#!/bin/sh
# Takes back what install.sh did. The folder of the program itself, and settings and presets in
# ~/.config/StructMask, stay until you delete them.
set -eu
data=${XDG_DATA_HOME:-$HOME/.local/share}
rm -f "$data/applications/structmask.desktop" "$data/mime/packages/structmask-preset.xml" \
    "$data"/icons/hicolor/*/apps/structmask.* "$HOME/.local/bin/structmask"
command -v update-desktop-database >/dev/null 2>&1 && update-desktop-database -q "$data/applications" || true
command -v update-mime-database >/dev/null 2>&1 && update-mime-database "$data/mime" || true
echo "StructMask is no longer in the menu. To remove it altogether, delete its folder."
