#!/bin/sh
# build-and-run.sh ROOT [ARG...]: the launcher's slow road. 254 is how rkt says that it failed itself.
root=$1
shift
/bin/sh "$root/tools/setup/setup.sh" || exit 254
read -r node < "$root/dist/sources"
exec "$root/$node" --expose-gc --v8-pool-size=1 --min-semi-space-size=16 "$root/dist/rkt.cjs" "$@"
