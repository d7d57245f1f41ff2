#!/bin/sh
# Makes a checkout ready to run: the pinned Node and the packages (npm ci), then the build in dist/.
# Only a POSIX shell, because before this has run there is no Node that could read TypeScript.
# Done already: says nothing. One at a time: a second one waits for the first. May be killed at any moment.
# All narration goes to stderr, as this also runs in front of `rkt list`.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
cd "$root"
. tools/setup/steps.sh

mkdir -p .rocket 2>/dev/null && [ -w .rocket ] ||
  fail "the build in $root is missing or older than its sources, and this user cannot write there" \
    'run ./rkt version once as the owner of the checkout'
command -v flock >/dev/null || fail 'flock is missing' 'install util-linux'
exec 8>.rocket/setup.lock
if ! flock -n 8; then
  say 'another rkt is setting this checkout up, waiting for it'
  flock 8
fi

packages_installed || install_packages
build_is_fresh || build
