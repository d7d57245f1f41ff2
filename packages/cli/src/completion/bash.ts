import { completedCommands, type CompletedCommand } from './words.ts'

/** A script for bash: commands, flags, UUIDs by state, image IDs. It asks the `rkt` that was typed, which need not be in PATH. */
export function bashCompletion(): string {
  const all = completedCommands()
  const first = [...new Set(all.map(({ path }) => path.split(' ')[0] ?? ''))]
  const second = all.flatMap(({ path }) => (path.startsWith('image ') ? [path.slice('image '.length)] : []))
  return `# bash completion for rkt

__rkt_uuids() {
  "\${COMP_WORDS[0]:-rkt}" list --full --no-legend 2>/dev/null | awk -F '\\t+' -v states="$1" '
    $1 != "" { if (states == "" || index("," states ",", "," $5 ",")) print $1 }'
}

__rkt_images() {
  "\${COMP_WORDS[0]:-rkt}" image list --fields=id --no-legend 2>/dev/null
}

__rkt() {
  local word=\${COMP_WORDS[COMP_CWORD]} command= words= w
  COMPREPLY=()
  for w in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $w in
      -*) ;;
      *) if [ -z "$command" ]; then command=$w; elif [ "$command" = image ]; then command="image $w"; break; else break; fi ;;
    esac
  done
  case $command in
    "") words="${first.join(' ')}" ;;
    image) words="${second.join(' ')}" ;;
${all.map(branch).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  case \${COMPREPLY[0]} in *=) compopt -o nospace ;; esac
}

complete -o default -F __rkt rkt
`
}

function branch({ path, flags, words }: CompletedCommand): string {
  const more =
    words === undefined ? '' : words.kind === 'image' ? 'words=$(__rkt_images)' : `words=$(__rkt_uuids "${words.states.join(',')}")`
  const rest = more === '' ? '' : `; else ${more}`
  return `    "${path}") if [[ $word == -* ]]; then words="${flags.join(' ')}"${rest}; fi ;;`
}
