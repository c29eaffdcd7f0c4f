#!/usr/bin/env bash
# Checks what building needs, and installs missing system packages on Debian and Ubuntu. Silent when all is there.
# "setup.sh checks" also sees to what only .ci/run needs, "setup.sh bench" to what only make bench needs.
set -euo pipefail

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# Installs the packages it is given.
install_packages() {
    command -v apt-get >/dev/null ||
        fail "These are missing, in the words of Debian: $*. Install them with the package manager of this system."
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "Packages are missing. Ask an administrator for: apt-get install $*"
        as_root=(sudo)
    fi
    printf 'Installing what is missing: %s\n' "$*" >&2
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq --yes --no-install-recommends "$@" >/dev/null
}

command -v swift >/dev/null || fail 'Swift is not installed. Version 6.1 or newer is needed: https://www.swift.org/install'

# macOS has the rest in its SDK, except libsodium, which Homebrew has.
if [[ $(uname) == Linux ]]; then
    missing=()
    # Libraries that Swift's own tools are linked with.
    swift package --version >/dev/null 2>&1 || missing+=(libcurl4-openssl-dev libncurses-dev libxml2-dev zlib1g-dev)
    # SQLite, for the ledger and for Swift's tools.
    [[ -e /usr/include/sqlite3.h ]] || missing+=(libsqlite3-dev)
    # BLAKE2b with a personalization, for Equihash.
    [[ -e /usr/include/sodium.h ]] || missing+=(libsodium-dev)
    # Headers of C and C++, and a linker: the TLS library has parts in C++. g++ brings all of them.
    compgen -G '/usr/include/c++/*/vector' >/dev/null || missing+=(g++)
    # Dependencies are fetched with it.
    command -v git >/dev/null || missing+=(git ca-certificates)
    [[ -d /usr/share/zoneinfo ]] || missing+=(tzdata)
    command -v make >/dev/null || missing+=(make)
    if [[ ${1:-} == checks ]]; then
        command -v systemd-analyze >/dev/null || missing+=(systemd)
        # For the second verifier of the ledger.
        command -v python3 >/dev/null || missing+=(python3)
    fi
    if [[ ${1:-} == bench ]]; then
        # What the router is compared with. Not everybody's PATH has /usr/sbin.
        command -v haproxy >/dev/null || [[ -x /usr/sbin/haproxy ]] || missing+=(haproxy)
    fi
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
fi

version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
read -r major minor <<<"${version:-0 0}"
((major > 6 || (major == 6 && minor >= 1))) ||
    fail "Swift 6.1 or newer is needed, this is ${major}.${minor}: https://www.swift.org/install"
