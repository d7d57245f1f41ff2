#!/bin/sh
# What `npm test` runs once the checkout is set up (tools/setup/setup.sh), and so what CI runs. A failed step does not
# hide the others.
set -u
cd "$(dirname "$0")/../.." || exit 1
PATH=$PWD/node_modules/.bin:$PATH
export PATH NX_DAEMON=false NX_ISOLATE_PLUGINS=false NX_TUI=false NX_NO_CLOUD=true
# Colours only for a person: a log is searched for the runner's closing lines.
[ -t 1 ] || export NO_COLOR=1 FORCE_COLOR=0
failed=

step() {
  what=$1
  shift
  printf '\n== %s\n' "$what"
  "$@" || failed="$failed
  $what"
}

step 'packages for the tests' sh tools/ci/install-packages.sh
step 'the guest of virtual machines' sh -c "node tools/guest/src/guest.ts || echo 'none was built: the tests that boot one are skipped, and say so'"
step 'generated pages' node tools/docs/src/generate.ts --check
step 'types, lint, tests' nx run-many -t typecheck lint test --parallel=2 --outputStyle=static

if [ -n "$failed" ]; then
  printf '\n== failed:%s\n' "$failed"
  exit 1
fi
