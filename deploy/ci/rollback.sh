#!/bin/sh
# Goes back to what ran before a release: the traffic at once, where it is still on its way, then Git for good. The
# revert is a commit like any other, so that the way back is on record and Argo CD does not undo it.
#
# usage: deploy/ci/rollback.sh COMMIT [NAMESPACE ROLLOUT]
#   COMMIT        the commit of the release on the branch that Argo CD follows
#   BRANCH        that branch                                  (default: main)
#   TARGET        which cluster, by context of the kubeconfig  (default: that of the kubeconfig)
#   TASK_MASTER   how the program is called                    (default: task-master)
set -eu

commit=${1:?usage: deploy/ci/rollback.sh COMMIT [NAMESPACE ROLLOUT]}
if [ $# -ge 3 ]; then
  # An update that is over cannot be aborted; then the revert alone is the way back.
  # shellcheck disable=SC2086
  ${TASK_MASTER:-task-master} ${TARGET:+--target "$TARGET"} rollout -n "$2" abort "$3" ||
    echo "no update to abort; the revert is the way back" >&2
fi
# A merge is reverted to its first parent: what the branch had before it.
if git rev-parse --quiet --verify "$commit^2" >/dev/null; then
  git revert --no-edit --mainline 1 "$commit" >/dev/null
else
  git revert --no-edit "$commit" >/dev/null
fi
git push --quiet origin "HEAD:${BRANCH:-main}"
echo "reverted $commit as $(git rev-parse HEAD)"
