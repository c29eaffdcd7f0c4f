#!/usr/bin/env bash
# Runs all tests, already built, as two processes at once: whole runs over sockets, which mostly wait, and all others,
# which mostly compute. On a machine with one core one follows the other. Arguments go to swift test. Each half is
# printed when both are done; the last lines say how many tests ran.
set -euo pipefail
cd "$(dirname "$0")/.."

# Matches the tests of the first half: whole runs, but for suites that make both halves last about as long. One half is
# run with --filter and the other with --skip, so that no test is in neither.
first='^WholeRunTests\.(?!(NarrowPool|Garbage|ProtocolGarbage)Tests\b)'
logs=$(mktemp -d)
running=()
clean_up() {
    # At this signal, and at no other, swift test ends its tests too.
    ((${#running[@]} == 0)) || kill -INT "${running[@]}" 2>/dev/null || true
    rm -rf "$logs"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Starts a half. Tests that hold up the threads of a pool have to be alone in their process.
begin() {
    local name=$1
    shift
    swift test --skip-build --no-parallel --event-stream-version 0 --event-stream-output-path "$logs/$name.events" \
        "$@" >"$logs/$name" 2>&1 &
    running+=("$!")
}
# What swift test prints comes in blocks; the events come at once.
done_in() { grep -s '"kind":"testEnded"' "$logs/$1.events" | grep -c '"testID":"[^"]*)' || true; }
is_running() { kill -0 "$1" 2>/dev/null; }
# Waits for all that was begun, and says every half minute how far they are.
failed=0
finish() {
    local seconds=0 process
    for process in "${running[@]}"; do
        while is_running "$process"; do
            sleep 1
            seconds=$((seconds + 1))
            ((seconds % 30 != 0)) || printf '%d min %02d s: %d tests of the first half are done, %d of the second\n' \
                $((SECONDS / 60)) $((SECONDS % 60)) "$(done_in first)" "$(done_in second)"
        done
        wait "$process" || failed=1
    done
    running=()
}

begin first --filter "$first" "$@"
if (($(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) > 1)); then
    # SwiftPM lets one process at a time into .build. The first is done with it, and keeps others out for both,
    # when its tests run.
    until [[ -s $logs/first.events ]] || ! is_running "${running[0]}"; do sleep 0.2; done
    begin second --skip "$first" --ignore-lock "$@"
else
    finish
    begin second --skip "$first" "$@"
fi
finish

sum=0
for half in first second; do
    printf '\n-- %s half\n' "$half"
    cat "$logs/$half"
    count=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$logs/$half" | tail -n 1)
    # A process that came to its end has counted its tests.
    [[ -n $count ]] || failed=1
    sum=$((sum + ${count:-0}))
done
if ((failed)); then
    printf '\n-- What failed\n'
    grep -hE '^[^a-zA-Z]* (Test|Suite) .*(recorded an issue|failed after)|^error|[Ff]atal error' "$logs/first" "$logs/second" |
        head -n 40 || true
fi
printf '\n'
grep -hE 'Test run with [0-9]+ tests?' "$logs/first" "$logs/second" || true
if ((failed)); then
    printf 'FAILED, with %d tests in all\n' "$sum" >&2
    exit 1
fi
printf '%d tests in all\n' "$sum"
