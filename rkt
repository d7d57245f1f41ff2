#!/bin/sh
# Starts Rocket from this checkout, building it first when it is unbuilt or stale.
# The usual case is two execs and no fork: this shell, then dist/launch (tools/setup/launch.c), then Node.
self=$0
[ -L "$self" ] && self=$(readlink -f -- "$self")
case $self in
  /*/*) root=${self%/*} ;;
  /*) root=/ ;;
  */*) root=./${self%/*} ;;
  *) root=. ;;
esac
[ -x "$root/dist/launch" ] && exec "$root/dist/launch" "$root" "$@"
exec /bin/sh "$root/tools/setup/build-and-run.sh" "$root" "$@"
