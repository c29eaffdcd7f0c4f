#!/usr/bin/env bash
# Checks what building needs, and installs missing system packages on Debian and Ubuntu. Silent when all is there.
set -euo pipefail

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

command -v swift >/dev/null || fail 'Swift is not installed. Version 6.1 or newer is needed: https://www.swift.org/install'
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
read -r major minor <<<"${version:-0 0}"
((major > 6 || (major == 6 && minor >= 1))) || fail "Swift 6.1 or newer is needed, this is ${major}.${minor}: https://www.swift.org/install"

# macOS has SQLite in its SDK.
[[ $(uname) == Linux ]] || exit 0
[[ -e /usr/include/sqlite3.h ]] && exit 0

command -v apt-get >/dev/null || fail 'The development files of SQLite are missing (sqlite3.h). Install them with the package manager of this system.'
if ((EUID == 0)); then
    as_root=()
elif command -v sudo >/dev/null; then
    as_root=(sudo)
else
    fail 'The package libsqlite3-dev is missing. Ask an administrator for: apt-get install libsqlite3-dev'
fi
echo 'Installing libsqlite3-dev, which the ledger needs.' >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends libsqlite3-dev >/dev/null
