#!/bin/sh
# Puts StructMask into the menus of one person: no root needed, nothing is copied. Call it again
# after moving the folder; uninstall.sh takes everything back.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}
bin=$HOME/.local/bin

# How a desktop file writes a path: within quotes, with \ " ` $ after a backslash, which is itself
# doubled; and % doubled.
quoted=$(printf '%s' "$here/StructMask" | sed -e 's/\\/\\\\\\\\/g' -e 's/["`$]/\\\\&/g' -e 's/%/%%/g')

mkdir -p "$bin" "$data/applications" "$data/mime/packages"
while IFS= read -r line; do
    case $line in
        Exec=*) printf 'Exec="%s" %%F\n' "$quoted" ;;
        TryExec=*) ;;
        *) printf '%s\n' "$line" ;;
    esac
done <"$here/share/applications/structmask.desktop" >"$data/applications/structmask.desktop"
cp "$here/share/mime/packages/structmask-preset.xml" "$data/mime/packages/"
for icon in "$here"/share/icons/hicolor/*/apps/structmask.*; do
    size=$(basename "$(dirname "$(dirname "$icon")")")
    mkdir -p "$data/icons/hicolor/$size/apps"
    cp "$icon" "$data/icons/hicolor/$size/apps/"
done
ln -sfn "$here/StructMask" "$bin/structmask"
command -v update-desktop-database >/dev/null 2>&1 && update-desktop-database -q "$data/applications" || true
command -v update-mime-database >/dev/null 2>&1 && update-mime-database "$data/mime" || true
echo "StructMask is in the menu of applications, and in a terminal: $bin/structmask"
