#!/bin/sh
# Waits for what became of a release, and says why when it is not the good end.
# Exit code: 0 it came to that state, 1 it was given up or did not come to it in time.
#
# usage: deploy/ci/wait.sh NAMESPACE ROLLOUT
#   UNTIL         healthy, or paused where a person promotes       (default: healthy)
#   WITHIN        for how long                                     (default: 30m)
#   TARGET        which cluster, by context of the kubeconfig      (default: that of the kubeconfig)
#   TASK_MASTER   how the program is called                        (default: task-master)
set -eu

namespace=${1:?usage: deploy/ci/wait.sh NAMESPACE ROLLOUT}
name=${2:?usage: deploy/ci/wait.sh NAMESPACE ROLLOUT}

# Several words, on purpose.
# shellcheck disable=SC2086
rollout() { ${TASK_MASTER:-task-master} ${TARGET:+--target "$TARGET"} rollout -n "$namespace" "$@"; }

# A version that was given up stays Degraded for good: there is nothing to wait for until the time is over.
if rollout wait "$name" settled --timeout "${WITHIN:-30m}" &&
  rollout wait "$name" "${UNTIL:-healthy}" --timeout "${WITHIN:-30m}"; then
  rollout status "$name"
else
  rollout explain "$name" >&2
  exit 1
fi
