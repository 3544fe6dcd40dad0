#!/usr/bin/env bash
# The tour: validate, plan, apply, a change by hand, drift, and back. It runs against an emulator of LiveKit's API on a
# free loopback port, so it needs no account and harms nothing. Every command is shown as you would type it, and the
# tour stops with an error where one does not exit as it should. `make demo` runs it in the right environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
emulator=
cleanup() {
    if [[ -n $emulator ]]; then
        kill "$emulator" 2>/dev/null || true
        wait "$emulator" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap cleanup EXIT
# What the tour leaves goes with it.
export RECONCILE_BACKUP_DIR=$scratch/backups

say() { printf '\n# %s\n' "$*"; }

# expect CODE COMMAND…: shows the command, runs it, and insists on its exit code.
expect() {
    local expected=$1 code=0
    shift
    printf '$ %s\n' "$*"
    "$@" || code=$?
    printf '(exit code %d)\n' "$code"
    if [[ $code != "$expected" ]]; then
        echo "demo: that should have been exit code $expected" >&2
        exit 1
    fi
}

say "A LiveKit to play with. It prints where it listens and the keys to use, once it is ready."
printf '$ reconcile emulate --port 0 &\n'
reconcile emulate --port 0 >"$scratch/emulator" 2>"$scratch/emulator.log" &
emulator=$!
for ((tries = 0; tries < 100; tries++)); do
    ! grep -q '^export LIVEKIT_API_SECRET=' "$scratch/emulator" || break
    kill -0 "$emulator" 2>/dev/null || break
    sleep 0.1
done
if ! grep '^export LIVEKIT_' "$scratch/emulator"; then
    echo "demo: the emulator did not get ready; it wrote:" >&2
    cat "$scratch/emulator.log" >&2
    exit 1
fi
# The lines are meant to be evaluated by a shell.
eval "$(grep '^export LIVEKIT_' "$scratch/emulator")"

say "Passwords never stand in the file: they come from the environment."
printf '$ export CARRIER_SIP_PASSWORD=not-a-real-one\n'
export CARRIER_SIP_PASSWORD=not-a-real-one

say "Is the file sound? This needs no server."
expect 0 reconcile validate -c demo/dispatch.yaml

say "What would change? 2 means: there is something to do."
expect 2 reconcile plan -c demo/dispatch.yaml --detailed-exitcode

say "Do it."
expect 0 reconcile apply -c demo/dispatch.yaml --auto-approve

say "And now? 0 means: nothing to do."
expect 0 reconcile plan -c demo/dispatch.yaml --detailed-exitcode

say "Somebody changes the live project by hand …"
expect 0 python demo/change_by_hand.py

say "… and a scheduled job notices, because drift exits with 2."
expect 2 reconcile drift -c demo/dispatch.yaml

say "Applying the file again puts it right."
expect 0 reconcile apply -c demo/dispatch.yaml --auto-approve
expect 0 reconcile drift -c demo/dispatch.yaml

say "Done in $SECONDS s. The file is demo/dispatch.yaml; every command explains itself with --help."
