#!/bin/sh
# A network stage in plain shell: `network.sh up|down [--dry-run]`, cwd = pod. It knows the two networks that need nobody: none, and the host's.
# Needs jq, iproute2 and util-linux.
set -eu

fail() {
  printf 'network: %s\n' "$2" >&2
  jq -cn --arg code "$1" --arg what "$2" '{version: 1, code: $code, what: $what}'
  exit 254
}

up() {
  [ -e start.json ] || fail DOCUMENT_MISSING "$RKT_POD/start.json cannot be read"
  mode=$(jq -r .network.mode start.json)
  [ "$mode" != contained ] || fail NETWORK_NOT_FOUND 'this stage has no networks of its own'
  plan=$(jq '{version: 1, uuid, mode: .network.mode, cniPath: [], attachments: [], ports: []}' start.json)
  if [ "$dry" ]; then echo "$plan"; return; fi
  namespace=$(jq -r '.namespaces.network // empty' sandbox.json)
  [ -z "$namespace" ] || nsenter --net="$namespace" ip link set lo up
  echo "$plan" > net.json.new
  mv net.json.new net.json
}

dry=
[ "${2-}" = --dry-run ] && dry=yes
case ${1-} in
up) up ;;
# Loopback goes with its namespace.
down) ;;
*) echo 'usage: network.sh up|down [--dry-run]' >&2; exit 254 ;;
esac
