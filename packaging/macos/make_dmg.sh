#!/bin/bash
# dist/StructMask.app -> dist/StructMask-VERSION-macos-MACHINE.dmg, signed and notarised where the
# identity and the keys are there:
#   CODESIGN_IDENTITY   "Developer ID Application: …", whose certificate is in the keychain
#   NOTARY_PROFILE      a profile made by `xcrun notarytool store-credentials`
# Without them the app keeps the signature "ad hoc" that PyInstaller gives it, and people have to
# allow it once under System Settings, Privacy & Security.
set -eu
cd "$(dirname "$0")/../.."
app=dist/StructMask.app
version=$(defaults read "$PWD/$app/Contents/Info" CFBundleShortVersionString)
image=dist/StructMask-$version-macos-$(uname -m).dmg

if [ -n "${CODESIGN_IDENTITY-}" ]; then
    # Inner libraries first; the app's seal covers them.
    find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' -o -perm +111 \) -print0 |
        while IFS= read -r -d '' file; do
            file "$file" | grep -q Mach-O || continue
            codesign --force --timestamp --options runtime \
                --entitlements packaging/macos/entitlements.plist \
                --sign "$CODESIGN_IDENTITY" "$file"
        done
    codesign --force --timestamp --options runtime \
        --entitlements packaging/macos/entitlements.plist --sign "$CODESIGN_IDENTITY" "$app"
    codesign --verify --deep --strict "$app"
fi

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
cp -R "$app" "$staging/"
ln -s /Applications "$staging/Applications"
rm -f "$image"
hdiutil create -volname StructMask -srcfolder "$staging" -format ULFO "$image"

if [ -n "${CODESIGN_IDENTITY-}" ] && [ -n "${NOTARY_PROFILE-}" ]; then
    codesign --force --timestamp --sign "$CODESIGN_IDENTITY" "$image"
    xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
fi
echo "$image"
