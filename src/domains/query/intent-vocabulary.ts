export type Intent =
  | 'character_query'
  | 'anime_generation'
  | 'image_generation'
  | 'system_command'
  | 'task_request'
  | 'memory_recall'
  | 'technical'
  | 'conversation';

export interface IntentRule {
  intent: Exclude<Intent, 'character_query' | 'conversation'>;
  /** Tried on one clause, politeness removed: `^` is where an order starts. */
  pattern: RegExp;
  /** The rule does not hold for a clause that matches this. */
  unless?: RegExp;
  /** The rule does not hold if this matches anywhere in the query. */
  unlessText?: RegExp;
  /** How many different words the pattern must find in the clause; one if absent. */
  distinct?: number;
  confidence: number;
  why: string;
}

// Tags, so that a backslash is written once.
export const order = (text: TemplateStringsArray, ...parts: string[]) =>
  new RegExp(`^${String.raw(text, ...parts)}`, 'iu');
export const anywhere = (text: TemplateStringsArray, ...parts: string[]) =>
  new RegExp(String.raw(text, ...parts), 'iu');
/** Capitals count: by them a person is told from a thing. */
export const cased = (text: TemplateStringsArray, ...parts: string[]) =>
  new RegExp(String.raw(text, ...parts), 'u');

// What INTENT_RULES are built of. Every repetition is bounded or followed by something it cannot itself
// match, so that no input makes a pattern backtrack more than a fixed number of times per position.
export const DETERMINERS =
  '(?:(?:the|this|that|these|those|all|every|each|any|a|an|my|our|your|of|entire|whole|following|some)\\s){0,4}';
export const COMMANDS = words`
  sudo doas rm rmdir ls mv chmod chown chgrp dd mkfs(?:\.\w+)? curl wget bash zsh sh pwsh powershell
  systemctl journalctl docker podman kubectl git ssh scp rsync nmap netcat nc apt apt-get yum dnf brew npm
  npx pnpm yarn pip pip3 python python3 perl node psql mysql crontab iptables killall pkill useradd usermod
  passwd ifconfig whoami uname umount mkdir shutdown reboot poweroff
`;
/** Commands that are English words: only with an argument that is none. */
export const WORD_COMMANDS = words`
  cat kill find touch cp echo tail head less more mount service top ps df du env export source eval exec
  nohup
`;
export const SHELL_ARGUMENT = '(?:-{1,2}[a-z]|[/~*$]|\\.{1,2}/|https?:|\\d{3,})';
export const SUBCOMMANDS = words`
  start stop restart reload status enable disable install uninstall remove purge update upgrade run exec ps
  kill delete apply push pull commit clone checkout reset prune into
`;
/** A subcommand of any name is one where a flag or a path follows: "docker rm -f web". */
export const SUBCOMMAND_AND_ARGUMENT =
  '(?:[a-z][a-z0-9-]{0,30}\\s){1,2}(?:-{1,2}[a-z]|[/~$]|\\.{1,2}/|https?:)';
/** A query with one of these words talks about a shell line; without them it is one. As a part of a name ("the-thing") they say nothing. */
export const PROSE = new RegExp(
  String.raw`\?|(?<![\w./=-])(?:${words`
  is are was were am the fails? failed failing keeps? does doesn['’]?t don['’]?t why how what errors? my not
  says said gives? returns? when but because works? hangs? seems? always never which should would could
`})(?![\w/=-]|\.\w)`,
  'i',
);
/** A clause that begins so asks or tells; it gives no order. */
export const ASKS_OR_TELLS = new RegExp(
  `^(?:${words`
  how what why when where which who should is are was were do does did has have i we he she they it my our
  if explain describe tell yesterday never
`})\\b`,
  'i',
);
/** What is said of a line that one wants explained, not run. */
export const EXPLAINS =
  /(?<![\w/.~-])(?:explain|what (?:does|do|is|are|would) (?:this|that|these|it)\b|what['’]s wrong|is (?:it|this|that) (?:safe|ok)|meaning of|dangerous|difference between|was (?:macht|bedeutet|heißt|tut)|que (?:fait|signifie|hace|significa|faz)|qué|qu['’]est-ce|cosa fa|что (?:делает|такое|значит)|何|どういう意味|什么|why (?:is|does|did))/i;
export const PROMPT_SIGN = '["\'`]{0,3}(?:[$#>]\\s?)?';
/** After the noun of an order nothing may follow that makes it another noun: "start the server design". */
export const ENDS_ORDER =
  '(?=[\\s.!?,;:]*$|[.!?,;:]|\\s(?:now|please|and|then|again|immediately|on|at|in|via|using|with|right|called|named|if|before|after|to|or|"|\'|\\d))';
export const MACHINES = `(?:${words`
  servers? machines? computer host system services? daemons? process(?:es)? containers? pods? databases?
  postgres(?:ql)? mysql nginx apache redis docker qdrant ollama laptop pc vms? instances? cluster backend
`})`;

export const CREATE =
  "(?:i\\s(?:want|need|wish)\\sto\\s|i(?:\\swould|['’]d)\\slike\\sto\\s|help\\sme\\s(?:to\\s)?)?(?:generate|create|make|produce|render|draw|design|paint|animate|illustrate|sketch|imagine)";
/** Up to five words of style between the order and its noun; none that starts another thought. */
export const STYLE =
  "(?<style>(?:(?!(?:of|about|list|lists|from|for|with|like|to|in|on|and|or|by|into)\\b)[\\p{L}\\p{N}'’-]+,?\\s){0,5}?)";
export const NOT_A_WORK = `(?!\\s(?:${words`
  lists? recommendations? suggestions? watch_?lists? quiz schedule reviews? summary club podcast playlist
  tier night marathon jokes? poll calendar essay blog article party database website site app
`})\\b)`;
export const PICTURES = `(?:${words`
  images? pictures? pics? photos? photographs? illustrations? drawings? paintings? portraits? artworks?
  wallpapers? sketch(?:es)? logos? icons? avatars? posters? concept_art pixel_art
`})`;
export const NOT_A_PICTURE = `(?!\\s(?:${words`
  components? buttons? fonts? sets? gallery uploads? uploader tags? urls? files? elements? formats? viewer
  carousel slider processing classifier recognition captions? search hosting server loader resizer registry
  albums? frames? editor book
`})\\b)`;

export const TECHNOLOGIES = words`
  typescript javascript node\.?js python3? golang c\+\+ c# kotlin php sql sqlite postgres(?:ql)? mysql
  mongodb redis docker dockerfile kubernetes k8s kubectl linux ubuntu debian nginx graphql json yaml toml
  html css regex github gitlab npm webpack vite fastapi terraform ansible aws systemd ssh tls ssl dns tcp
  udp http https oauth jwt cuda pytorch tensorflow comfyui ollama qdrant webhook websocket localhost sudo
  powershell
`;
export const TERMS = words`
  compil(?:e|er|es|ing|ation) debug(?:ger|ging)? stack_?trace refactor(?:ing)? unit_tests? api endpoints?
  segfault null_pointer memory_leak race_condition deadlock source_code pull_request merge_conflict
  foreign_key load_balancer backend frontend algorithm recursion async mutex hash_?map binary_search
  programming cli sdk cron_?job ci/cd pipeline_fails
`;
export const SOFT_TERMS = words`
  react vue svelte django flask azure apache bash program server code coding function cache java rust swift
  script error exception bug test class query deploy(?:ment)? build crash(?:es|ed)? logs? database variable
  array string loop library framework package module thread cpu gpu ram latency port proxy container git
  branch commit config(?:uration)? install(?:ation)? version parser type schema index table timeout
`;

export const SUBJECT = "(?:\\p{Lu}[\\p{L}'’-]+|he|she|they|his|her|their)";
export const NOT_A_PERSON = new RegExp(
  `\\b(?:did|does|was|were|has|had|is|do)\\s(?:the\\s)?(?:${TECHNOLOGIES}|${MACHINES})\\b`,
  'i',
);

/** An alternation; `_` stands for a space. */
function words(text: TemplateStringsArray): string {
  return String.raw(text).trim().split(/\s+/).join('|').replaceAll('_', '\\s');
}
