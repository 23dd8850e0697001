#!/bin/sh
# Deploys the blue-green application to a target and carries a release of it out: PRD Phase 2.
#
# usage: scripts/deploy-blue-green.sh [TARGET] [further arguments of task-master]
#   TASK_MASTER   how the program is called   (default: cargo run --quiet -p task-master --)
set -eu
cd "$(dirname "$0")/.."

target=${1:-sim}
[ $# -eq 0 ] || shift

# Several words, on purpose.
# shellcheck disable=SC2086
exec ${TASK_MASTER:-cargo run --quiet -p task-master --} execute-phase "Phase 2" --target "$target" "$@"
