#!/bin/sh
# Proposes a release: a branch whose one commit changes one line of the chart's values. Whoever may merge it decides;
# Argo CD syncs what was merged. Run in a clone of the repository that Argo CD reads, on the branch that it follows.
#
# usage: deploy/ci/bump.sh TAG
#   CHART   whose version it is                                   (default: blue-green-app)
#   VALUES  the file that has it                                  (default: charts/CHART/values.yaml)
#   BRANCH  the branch that Argo CD follows                       (default: main)
#   PUSH_OPTIONS  further words of git push, where they open it   (default: none)
#   OPEN    the program that opens the pull request: OPEN BRANCH TITLE   (default: none; the branch is pushed)
set -eu

tag=${1:?usage: deploy/ci/bump.sh TAG}
chart=${CHART:-blue-green-app}
values=${VALUES:-charts/$chart/values.yaml}
branch=release/$chart-$tag
case $tag in
  *[!A-Za-z0-9._-]* | [.-]*) echo "error: $tag is no tag of an image" >&2; exit 2 ;;
esac

git switch --quiet --create "$branch"
# The one line that CI changes. A file without it must not pass for released.
sed -i "s/^  tag: .*/  tag: \"$tag\"/" "$values"
grep -q "^  tag: \"$tag\"\$" "$values" || { echo "error: no image tag in $values" >&2; exit 1; }
git diff --quiet -- "$values" && { echo "error: $values has $tag already" >&2; exit 1; }
git commit --quiet --message "Release $chart $tag" -- "$values"
# Several words, on purpose.
# shellcheck disable=SC2086
git push --quiet ${PUSH_OPTIONS:-} origin "$branch"
# shellcheck disable=SC2086
[ -z "${OPEN:-}" ] || $OPEN "$branch" "Release $chart $tag"
echo "proposed $tag as $branch, to be merged into ${BRANCH:-main}"
