#!/bin/sh
# A release as CI does it, in a clone of this repository whose change is committed: build, push, bump, commit.
# Argo CD then sees the new commit and syncs it; nothing here talks to the cluster.
#
# usage: deploy/ci/release.sh TAG
#   CHART   whose version it is                      (default: blue-green-app)
#   XTASK   how the project's own build is called   (default: cargo xtask)
#   BRANCH  the branch that Argo CD follows         (default: main)
set -eu

tag=${1:?usage: deploy/ci/release.sh TAG}
values=charts/${CHART:-blue-green-app}/values.yaml
archives=$(mktemp -d)
trap 'rm -rf "$archives"' EXIT

${XTASK:-cargo xtask} image "$tag" --source "$PWD" --out "$archives"
${XTASK:-cargo xtask} cluster image "$archives/demo-app-$tag.tar"

# The one line that CI changes. A chart without it must not pass for released.
sed -i "s/^  tag: .*/  tag: \"$tag\"/" "$values"
grep -q "^  tag: \"$tag\"\$" "$values" || { echo "error: no image tag in $values" >&2; exit 1; }
git commit --quiet --message "Release $tag" -- "$values"
git push --quiet origin "HEAD:${BRANCH:-main}"
echo "released $tag as $(git rev-parse HEAD)"
