#!/bin/sh
# Takes the cluster of a target down and forgets what was done: the state folder goes with everything in it that is
# the tools' own. What lies there beside it is an error, and stays.
#
# usage: scripts/cleanup.sh [sim|host|kind]
#   TASK_MASTER_STATE   the state folder                        (default: .task-master)
#   XTASK               how the project's own build is called   (default: cargo xtask)
set -eu
cd "$(dirname "$0")/.."

target=${1:-sim}
state=${TASK_MASTER_STATE:-.task-master}

# Two words, on purpose.
# shellcheck disable=SC2086
case $target in
  sim) ;;
  host) ${XTASK:-cargo xtask} cluster down ;;
  kind) ${XTASK:-cargo xtask} cluster down --provider kind ;;
  *)
    echo "error: $target is somebody else's cluster; nothing is removed there (targets: sim, host, kind)" >&2
    exit 2
    ;;
esac

[ -d "$state" ] || { echo "no state folder $state"; exit 0; }
rm -rf "$state/sim" "$state/runs" "$state/proofs" "$state/tools"
for name in run.lock state.db state.db-wal state.db-shm; do
  rm -f "$state/$name"
done
rmdir "$state" || { echo "error: $state holds more than the tools wrote:" >&2; ls -A "$state" >&2; exit 1; }
echo "removed $state"
