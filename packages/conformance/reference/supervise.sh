# Supervision of a pod's apps by their foreground vectors, for the reference stages: sourced, with cwd = pod. `supervise` runs every app, writes
# their statuses, and leaves the pod's result in `result`: that of the first app that failed, or 0.
#
# A shell tells an exit code from 129 to 192 from a signal by guessing: an app that exits with 137 is taken for one that was killed.

now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }

write() { cat > "$1.new" && mv "$1.new" "$1"; }

# status APP STATE [FILTER]: replaces the app's status, keeping what is known already.
status() {
  old=$(cat "apps/$1/status.json" 2>/dev/null || jq --arg now "$(now)" '{version: 1, uuid, app, instance, state: "created", createdAt: $now}' "apps/$1/app.json")
  echo "$old" | jq --arg state "$2" --arg now "$(now)" ".state = \$state | ${3:-.}" | write "apps/$1/status.json"
}

# run_app APP: runs it to its end, and tells the end to descriptor 8. Its own descriptors are 0, 1 and 2; the lock and our pipe are not its.
run_app() {
  eval "set -- $(jq -r '[.app] + (.launch.foreground // []) | @sh' "apps/$1/run.json")"
  app=$1
  shift
  if [ $# = 0 ]; then
    status "$app" failed '.reason = "its flavor has no vector that a shell can wait for"'
    echo "$app 254" >&8
    return
  fi
  status "$app" running '.startedAt = $now'
  # shellcheck disable=SC2016 # for the inner shell
  RKT_APP=$app sh -c 'echo $$ > "apps/$RKT_APP/supervised"; exec env --default-signal=INT,QUIT,TERM "$@"' sh "$@" <&7 7<&- 8>&- 9>&-
  code=$?
  stopped=
  [ -e stopping ] && stopped='| .stopped = true'
  if [ $code -gt 128 ] && [ $code -le 192 ]; then status "$app" exited ".finishedAt = \$now | .signal = $((code - 128)) $stopped"; else status "$app" exited ".finishedAt = \$now | .exitCode = $code $stopped"; fi
  echo "$app $code" >&8
}

# tell APP SIGNAL
tell() {
  eval "set -- $(jq -r '[.app] + (.signal // []) | @sh' "apps/$1/run.json") \"\$2\""
  if [ $# -gt 2 ]; then
    app=$1
    shift
    RKT_APP=$app "$@" 2>/dev/null
  else
    kill "-$2" "$(cat "apps/$1/supervised")" 2>/dev/null
  fi
}

# kill_later APP TICKS: KILL after so many fifths of a second, unless the pod has ended by then. It looks instead of being told: a signal
# that meets a new subshell before it has set its trap is lost, and a sleep of its own would outlive the pod.
kill_later() {
  ticks=$2
  while [ -e stopping ] && [ "$ticks" -gt 0 ]; do
    sleep 0.2
    ticks=$((ticks - 1))
  done
  [ -e stopping ] && tell "$1" 9
}

# Each app gets its stop signal, and KILL when its time is over.
stop_all() {
  [ -e stopping ] && return
  : > stopping
  for one in $apps; do
    tell "$one" "$(jq .stopSignal "apps/$one/app.json")"
    kill_later "$one" "$(jq '.stopTimeoutMs / 200 | floor' "apps/$one/app.json")" <&- >/dev/null 2>&1 7<&- 8>&- 9>&- &
    timers="$timers $!"
  done
}

supervise() {
  apps=$(for one in $(ls apps); do jq -r '"\(.order) \(.app)"' "apps/$one/app.json"; done | sort -n | cut -d' ' -f2)
  result=0 timers=
  rm -f stopping ends
  mkfifo ends
  exec 7<&0 8<>ends
  trap stop_all TERM INT
  for one in $apps; do run_app "$one" & done
  left=$(echo "$apps" | wc -w)
  while [ "$left" -gt 0 ]; do
    # A signal interrupts the read; its trap has run by then.
    read -r name code <&8 || continue
    left=$((left - 1))
    [ "$code" = 0 ] && continue
    if [ ! -e stopping ]; then
      [ "$code" -gt 128 ] && [ "$code" -le 192 ] && code=$((code - 128))
      result=$code
    fi
    [ "$(jq -r .exitPolicy pod.json)" = apps ] && stop_all
  done
  rm -f ends stopping
  # shellcheck disable=SC2086 # pids
  [ "$timers" ] && wait $timers
  : "$name"
}
