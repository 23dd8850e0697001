#!/bin/sh
# Builds the image of the demo-app and pushes it under a tag that no other commit has.
#
# usage: deploy/ci/build.sh TAG
#   IMAGE   the repository of the registry                    (needed)
#   PUSH    the program that pushes: PUSH ARCHIVE REFERENCE   (default: crane push)
#   XTASK   how the project's own build is called             (default: cargo xtask)
set -eu

tag=${1:?usage: deploy/ci/build.sh TAG}
: "${IMAGE:?IMAGE says where to push}"
archives=$(mktemp -d)
trap 'rm -rf "$archives"' EXIT

# Several words, on purpose.
# shellcheck disable=SC2086
${XTASK:-cargo xtask} image "$tag" --source "$PWD" --out "$archives"
# shellcheck disable=SC2086
${PUSH:-crane push} "$archives/demo-app-$tag.tar" "$IMAGE:$tag"
echo "pushed $IMAGE:$tag"
