#!/bin/sh
# A stage2 in plain shell: `stage2.sh run`, cwd = pod. Runs the foreground vectors of any flavor of supervision kind `apps`.
. "$(dirname "$(readlink -f "$0")")/supervise.sh"

# The first process of the pod is ended by whoever made it, the driver.
state() {
  read -r stat < "/proc/$$/stat"
  # shellcheck disable=SC2086 # fields
  set -- "$1" "${2:-.}" ${stat##*) }
  jq -n --arg uuid "$RKT_UUID" --arg state "$1" --arg begun "$begun" --arg now "$(now)" --argjson pid $$ --argjson start "${22}" \
    "{version: 1, uuid: \$uuid, process: {pid: \$pid, startTime: \$start}, state: \$state, startedAt: \$begun} | $2" | write stage2.json
}

# vectors FILTER FILE: runs the vectors that the filter finds, in order.
vectors() {
  jq -r "$1 | .[] | @sh" "$2" | while read -r words; do eval "$words" 9>&-; done
}

[ "${1-}" = run ] || { echo 'usage: stage2.sh run' >&2; exit 254; }
begun=$(now)
state ready
supervise
for one in $apps; do RKT_APP=$one vectors .cleanup "apps/$one/run.json"; done
vectors .cleanup run.json
state ended ".endedAt = \$now | .result = $result"
exit "$result"
