#!/bin/sh
# A promotion between environments, in a clone of this repository: the version that runs in one goes to the next, as a
# branch for a pull request. Whoever merges it promotes; Argo CD then sees the new commit and syncs it.
#
# usage: deploy/ci/promote.sh FROM TO        (dev staging, or staging prod)
#   CHART   whose version it is                          (default: blue-green-app)
#   BRANCH  the branch that Argo CD follows              (default: main)
#   OPEN    what opens the pull request of the branch, with the branch as its argument; without it the push is all
#           (GitHub: OPEN='gh pr create --fill --head', GitLab: push options do it)
set -eu

usage='usage: deploy/ci/promote.sh FROM TO   (dev staging, or staging prod)'
from=${1:?$usage}
to=${2:?$usage}
case "$from $to" in
  "dev staging" | "staging prod") ;;
  *) echo "error: no way from $from to $to. $usage" >&2; exit 2 ;;
esac
chart=${CHART:-blue-green-app}
source=charts/$chart/values-$from.yaml
target=charts/$chart/values-$to.yaml

# The branch is made from what Argo CD follows, not from what happens to be checked out.
git fetch --quiet origin "${BRANCH:-main}"
tag=$(git show "FETCH_HEAD:$source" | sed -n 's/^  tag: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p')
[ -n "$tag" ] || { echo "error: no image tag in $source" >&2; exit 1; }
now=$(git show "FETCH_HEAD:$target" | sed -n 's/^  tag: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p')
[ -n "$now" ] || { echo "error: no image tag in $target" >&2; exit 1; }
if [ "$tag" = "$now" ]; then
  echo "$chart $tag runs in $to already"
  exit 0
fi

branch=promote-$chart-$tag-to-$to
git switch --quiet --create "$branch" FETCH_HEAD
sed -i "s/^  tag: .*/  tag: \"$tag\"/" "$target"
git commit --quiet --message "Promote $chart $tag from $from to $to (was $now)" -- "$target"
git push --quiet origin "$branch"
# shellcheck disable=SC2086 # a command with its words
[ -z "${OPEN:-}" ] || $OPEN "$branch"
echo "$branch: $chart $now -> $tag in $to"
