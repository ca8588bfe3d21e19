// The completion of bash; zsh runs the same through its bashcompinit, so no variable has a name that is special there (path,
// options, words).
import type { Place, Values } from "./words.ts";

export function bashScript(places: readonly Place[]): string {
  const known = places.filter(({ path }) => path.length > 0).map(({ path }) => `"${path.join(" ")}"`);
  return `# Completion of bace: eval "$(bace completion bash)"
_bace() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place="" word i
  local flags="" choices="" names="" files=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "\${place:+$place }$word" in
      ${known.join("|")}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$place" in
${places.map(placeCase).join("")}  esac
  case "$place:$previous" in
${places.flatMap(valueCases).join("")}  esac
  COMPREPLY=()
  if [[ $current == -* ]]; then choices=$flags names="" files=""; fi
  if [[ -n $names ]]; then choices=$(bace __complete "$names" 2>/dev/null); fi
  for word in $choices; do
    if [[ $word == "$current"* ]]; then COMPREPLY+=("$word"); fi
  done
  if [[ -n $files && \${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _bace bace
`;
}

export function zshScript(places: readonly Place[]): string {
  return `if ! (( $+functions[compdef] )); then autoload -U +X compinit && compinit -i; fi
autoload -U +X bashcompinit && bashcompinit
${bashScript(places).replace("completion bash", "completion zsh")}`;
}

function placeCase({ commands, options, path, values }: Place): string {
  const flags = options.flatMap(({ long, short }) => [long, ...(short ? [short] : [])]);
  const set = commands.length > 0 ? `choices="${commands.join(" ")}"` : setText(values);
  return `    "${path.join(" ")}") flags="${[...flags, "--help"].join(" ")}"; ${set} ;;\n`;
}

function valueCases({ options, path }: Place): readonly string[] {
  return options.flatMap(({ long, short, values }) => {
    if (!values) return [];
    const flags = [long, ...(short ? [short] : [])].map((flag) => `"${path.join(" ")}:${flag}"`);
    return `    ${flags.join("|")}) choices=""; names=""; files=""; ${setText(values)} ;;\n`;
  });
}

function setText(values: Values): string {
  if (values === "files") return "files=1";
  return typeof values === "string" ? `names=${values}` : `choices="${values.join(" ")}"`;
}
