#!/bin/sh
# build-and-run.sh ROOT [ARG...]: the launcher's slow road. 254 is how rkt says that it failed itself.
root=$1
shift
/bin/sh "$root/tools/setup/setup.sh" || exit 254
read -r node < "$root/dist/sources"
read -r options < "$root/tools/setup/node-options"
# shellcheck disable=SC2086 # several words
exec "$root/$node" $options "$root/dist/rkt.cjs" "$@"
