#!/bin/sh
# StructMask @VERSION@ for Linux in one file. The first start unpacks it for this person, checked,
# into ~/.local/share/structmask-app; every start then runs it from there.
#   ./StructMask…run [FILE…]     open the window, or: extract, compare, … as the command line
#   ./StructMask…run --install   put it into the menu of applications too
#   ./StructMask…run --remove    take it from the menu and delete what was unpacked
set -eu
sha256=@SHA256@
place=${XDG_DATA_HOME:-$HOME/.local/share}/structmask-app
home=$place/@VERSION@-$(printf %.12s "$sha256")

fail() {
    echo "error: $1" >&2
    exit 2
}

if [ "${1-}" = --remove ]; then
    [ -x "$home/StructMask/uninstall.sh" ] && "$home/StructMask/uninstall.sh"
    rm -rf "$place"
    exit 0
fi
if [ ! -x "$home/StructMask/StructMask" ]; then
    for tool in tail tar xz sha256sum; do
        command -v $tool >/dev/null 2>&1 || fail "$tool is needed to unpack StructMask; install it (xz is in the package xz-utils)."
    done
    mkdir -p "$place"
    # Unpacked beside and then renamed, so that a start broken off leaves nothing half done.
    new=$(mktemp -d "$place/unpacking-XXXXXX")
    trap 'rm -rf "$new"' EXIT
    trap 'exit 130' INT TERM
    found=$(tail -c +@SKIP@ "$0" | sha256sum)
    [ "${found%% *}" = "$sha256" ] || fail "this file is damaged; download it again."
    echo "StructMask @VERSION@ is unpacked into $home; this happens once." >&2
    tail -c +@SKIP@ "$0" | tar -xJf - -C "$new" || fail "StructMask could not be unpacked into $place."
    mv -T "$new" "$home" 2>/dev/null || [ -x "$home/StructMask/StructMask" ] || fail "$home cannot be made."
    trap - EXIT INT TERM
    rm -rf "$new"
fi
if [ "${1-}" = --install ]; then
    exec "$home/StructMask/install.sh"
fi
exec "$home/StructMask/StructMask" "$@"
