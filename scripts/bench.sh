#!/usr/bin/env bash
# The figures of docs/performance.md: "bench.sh", some minutes, "bench.sh ledger" for a large ledger, "bench.sh soak". Builds
# with the flags in SWIFT_FLAGS, and keeps ledgers and what was printed in BENCH_FOLDER. Speaks to 127.0.0.1 only.
set -euo pipefail
cd "$(dirname "$0")/.."
# Debian keeps haproxy there.
PATH=$PATH:/usr/sbin
folder=${BENCH_FOLDER:-.build/bench}
read -r -a flags <<<"${SWIFT_FLAGS:-}"
begin=$SECONDS

build() {
    local product
    for product in "$@"; do swift build --product "$product" ${flags[@]+"${flags[@]}"}; done
    programs=$(swift build --show-bin-path ${flags[@]+"${flags[@]}"})
    begin=$SECONDS
}

# One program at a time, so that an interrupt reaches it and nothing outlives this script.
running=
run() {
    "$@" &
    running=$!
    wait "$running" || { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
    running=
}
stop() {
    [[ -z $running ]] || kill -TERM "$running" 2>/dev/null || true
    wait
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

ledger() {
    run "$programs/ledger-benchmark" "$folder" "$@" >>"$folder/ledger.txt"
    sed 's/^/  /' "$folder/ledger.txt" | tail -n 12
    rm -rf "$folder"/ledger-benchmark-*
}

rm -rf "$folder"
mkdir -p "$folder"
case ${1:-} in
'')
    build router-cli balance-benchmark ledger-benchmark AllocationCounter relay-benchmark
    run "$programs/balance-benchmark" 20000 3 >"$folder/balance.txt"
    cat "$folder/balance.txt"
    for workers in 1000 10000; do ledger 1000000 "$workers"; done
    run "$programs/relay-benchmark" --document docs/performance.md --with "$folder/balance.txt" \
        --with "$folder/ledger.txt" "$programs/router-cli" 3
    ;;
ledger)
    build ledger-benchmark
    ledger 10000000 10000
    ;;
soak)
    build router-cli relay-benchmark
    run "$programs/relay-benchmark" --document docs/performance.md --soak "${SOAK_SECONDS:-600}" \
        "$programs/router-cli" 1 soak
    ;;
*)
    printf 'usage: scripts/bench.sh [ledger|soak]\n' >&2
    exit 64
    ;;
esac
printf 'That took %d min %d s, building apart.\n' $(((SECONDS - begin) / 60)) $(((SECONDS - begin) % 60))
