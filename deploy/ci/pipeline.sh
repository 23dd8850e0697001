#!/bin/sh
# The whole pipeline as a plain script, for any CI: build, push, propose, wait, and the way back.
#
# usage: deploy/ci/pipeline.sh propose TAG                           on a commit of the application
#        deploy/ci/pipeline.sh follow COMMIT NAMESPACE ROLLOUT       after the proposal was merged
set -eu
here=$(dirname "$0")

case ${1:-} in
  propose)
    "$here/build.sh" "${2:?a tag}"
    "$here/bump.sh" "$2"
    ;;
  follow)
    "$here/wait.sh" "${3:?a namespace}" "${4:?a rollout}" || {
      "$here/rollback.sh" "${2:?a commit}" "$3" "$4"
      exit 1
    }
    ;;
  *)
    echo "usage: deploy/ci/pipeline.sh propose TAG | follow COMMIT NAMESPACE ROLLOUT" >&2
    exit 2
    ;;
esac
