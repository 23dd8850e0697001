#!/bin/sh
# Brings the cluster of a target up. The simulated one is made by its first use, so there is nothing to bring up.
#
# usage: scripts/setup-cluster.sh [sim|host|kind]
#   XTASK   how the project's own build is called   (default: cargo xtask)
set -eu
cd "$(dirname "$0")/.."

target=${1:-sim}
xtask=${XTASK:-cargo xtask}

# Two words, on purpose.
# shellcheck disable=SC2086
case $target in
  sim) $xtask doctor ;;
  host | kind)
    $xtask doctor --for "$target"
    $xtask cluster up --provider "$target"
    ;;
  *)
    echo "error: $target is somebody else's cluster; nothing is installed there (targets: sim, host, kind)" >&2
    exit 2
    ;;
esac
