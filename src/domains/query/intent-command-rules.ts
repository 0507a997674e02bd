import { ORDERS_OF_LANGUAGES } from './intent-command-languages.ts';
import { ASKS_A_PERSON, EDITS_TEXT, TALKS_ABOUT, TALKS_ABOUT_TARGET } from './intent-talk.ts';
import {
  ASKS_OR_TELLS,
  anywhere,
  COMMANDS,
  DETERMINERS,
  ENDS_ORDER,
  EXPLAINS,
  type IntentRule,
  MACHINES,
  order,
  PROMPT_SIGN,
  PROSE,
  SHELL_ARGUMENT,
  SUBCOMMAND_AND_ARGUMENT,
  SUBCOMMANDS,
  WORD_COMMANDS,
} from './intent-vocabulary.ts';

/** To run, as it is said before the name of a program in some languages. */
const RUN =
  '(?:run|execute|exec|invoke|launch|führe?|starte|exécute[zr]?|lance[zr]|ejecuta|ejecute|corre|executa|esegui|выполни(?:те)?|запусти(?:те)?|voer|uruchom|نفذ|شغل|הרץ|执行|运行|請執行|请执行)';
/** "Führe den Befehl ls aus": what may stand between the two. */
const THE_COMMAND =
  '(?:(?:(?:the|den|die|la|el|il|o|het|de|את)\\s)?(?:(?:following\\s)?commands?|befehl|commande|comando|opdracht|команду|polecenie|الأمر|הפקודה|命令|指令)\\s?[:：]?\\s?)?';
const AS_ROOT = '(?:(?:sudo|doas)\\s)?';
/** By SQL's grammar nothing but names follows: "drop table manners into any talk" is none. */
const SQL_OBJECT =
  '(?:table|database|schema|index|view)\\s(?:if\\sexists\\s)?["\\x60]?[\\p{L}_][\\p{L}\\p{N}_.$"\\x60]{0,63}(?:,\\s?[\\p{L}_][\\p{L}\\p{N}_.$"\\x60]{0,63}){0,20}(?:\\s(?:cascade|restrict|now|please|immediately|for\\sme)){0,2}\\s?(?:$|[;.!?]|--)';
/** What may follow "drop the tables"; "next to the door" may not. */
const ENDS_DROP =
  '(?=[\\s.!?,;:]*$|[.!?,;:]|\\s(?:(?:in|of|from|on)\\s(?:the\\s)?(?:[\\p{L}\\p{N}_]{1,63}\\s)?(?:databases?|schemas?|db|server)|now|please|and|then|immediately|called|named|that|which|if|["\\x60\']))';
/** "the log files", "the users table"; a table to eat at is furniture, and "in" or "of" begin another thing. */
const KIND =
  '(?:(?!(?:coffee|dinner|dining|kitchen|side|bedside|picnic|garden|round|wooden|folding|card|pool|in|of|from|for|to|on|with|and|or|about)\\s)[\\p{L}\\p{N}_.-]{1,40}\\s){0,2}?';
/** A file cabinet is none. */
const ENDS_FILE =
  '(?=[\\s.!?]*$|[.,;:!?]|\\s(?:["\'\x60/~]|\\S{0,60}[./]\\S|(?:in|on|from|at|under|called|named|that|which|with|and|then|now|please|immediately)(?![\\p{L}\\p{N}])))';
/** The disk of the sun is none, and a disk chapter neither. */
const ENDS_DISK = `(?![\\p{L}\\p{N}])(?=[\\s.!?]*$|[.,;:!?]|\\s(?:["'\x60/~]|\\d|(?:in|on|from|at|called|named|that|which|with|and|or|then|now|please|immediately|completely|before|after)(?![\\p{L}\\p{N}])|of\\s(?:the\\s|this\\s|my\\s)?${MACHINES}))`;
/** Shells lie on beaches, too. */
const ENDS_SHELL = `(?=[\\s.!?]*$|[.,;:!?]|\\s(?:(?:now|please|as|and|then|for|with|via|session|prompt|here)(?![\\p{L}\\p{N}])|(?:on|in|at|inside|to)\\s(?:the\\s|that\\s|this\\s|my\\s|your\\s|port\\s)?(?:${MACHINES}|\\d|localhost|\\S+\\.\\S)))`;
/** Talk about a command is none, whichever rule would take it. */
const either = (also: RegExp) => new RegExp(`${TALKS_ABOUT.source}|${also.source}`, 'iu');

/**
 * Orders to the machine. They are answered by a refusal, so a rule must know an order from talk about one:
 * "run rm -rf /" against "I went for a run", "how do I restart nginx?" or a pasted shell session that fails.
 */
export const COMMAND_RULES: readonly IntentRule[] = [
  {
    intent: 'system_command',
    confidence: 0.95,
    why: 'an order to run a named program',
    pattern: order`${RUN}\s?${THE_COMMAND}(?<![\p{L}])["'\x60$]{0,3}\s?(?:(?:${COMMANDS})(?![\p{L}\p{N}])|(?:${WORD_COMMANDS})\s${SHELL_ARGUMENT})`,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.95,
    why: 'an order to run "a command", "this script"',
    pattern: order`(?:run|execute|exec|invoke|launch)\s${DETERMINERS}(?:(?:shell|bash|terminal|system|os|root|admin|powershell|python|sql|unix|linux)\s){0,2}(?:commands?|scripts?|shell|powershell)\b(?!\sby\b)`,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.9,
    why: 'an order to run something in backquotes',
    pattern: order`(?:run|execute|exec)\s(?:[\p{L}]+:?\s){0,4}\x60[^\x60]`,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.95,
    why: 'a shell line: program and argument',
    pattern: order`${PROMPT_SIGN}(?:(?:${COMMANDS})\s(?:${SHELL_ARGUMENT}|-\d)|(?:${WORD_COMMANDS})\s${SHELL_ARGUMENT})`,
    unlessText: PROSE,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.9,
    why: 'a shell line: program and subcommand, no prose',
    pattern: order`${PROMPT_SIGN}(?:${COMMANDS})\s(?:(?:${SUBCOMMANDS})(?![\p{L}\p{N}])|${SUBCOMMAND_AND_ARGUMENT})`,
    unlessText: PROSE,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.9,
    why: 'sudo at the start is an order, even a bare one',
    pattern: order`${PROMPT_SIGN}(?:sudo|doas)\s\S`,
    unless: either(ASKS_A_PERSON),
    unlessText: PROSE,
  },
  {
    intent: 'system_command',
    confidence: 0.95,
    why: 'destructive or piped shell text',
    pattern: order`${PROMPT_SIGN}${AS_ROOT}(?:rm\s-\S|kill\s-(?:\d{1,2}|[a-z]{1,9})\s\d|:\(\)\s?\{|dd\sif=|mkfs|(?:curl|wget)\s.{1,300}\|\s?(?:sudo\s)?(?:ba|z|da)?sh\b|.{0,100}(?:&&|\|\||;)\s?(?:sudo\s|rm\s-))`,
    unless: either(ASKS_OR_TELLS),
    unlessText: EXPLAINS,
  },
  {
    intent: 'system_command',
    confidence: 0.95,
    why: 'a destructive shell line that names its target, which may hold any words',
    pattern: order`${PROMPT_SIGN}${AS_ROOT}(?:rm|rmdir|unlink|shred|chmod|chown|chgrp|dd|mkfs(?:\.\w+)?)\s(?:[\w+=,-]{1,40}\s){0,6}?(?:[io]f=)?["']?(?:~|\.{1,2})?/[\p{L}\p{N}._-]`,
    unless: TALKS_ABOUT_TARGET,
    unlessText: EXPLAINS,
  },
  {
    intent: 'system_command',
    confidence: 0.9,
    why: 'a second order in the clause: "… and run rm"',
    pattern: anywhere`\b(?:and|then)\s(?:run|execute)\s["'\x60]?(?:${COMMANDS})(?![\p{L}\p{N}])`,
    unless: either(ASKS_OR_TELLS),
  },
  {
    intent: 'system_command',
    confidence: 0.9,
    why: 'an order to start or stop a machine or service',
    pattern: order`${AS_ROOT}(?:restart|reboot|shut\s?down|power\s?off|stop|kill|terminate|halt|start|reload)\s${DETERMINERS}(?:[\p{L}\p{N}-]+\s){0,2}?${MACHINES}${ENDS_ORDER}`,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.9,
    why: 'the machine itself, without a noun',
    pattern: order`(?:reboot|shut\s?down|power\s?off)(?:\s(?:now|yourself|immediately|it|please))?[\s.!]*$`,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.85,
    why: 'an order to destroy stored things',
    pattern: order`${AS_ROOT}(?:(?:delete|erase|wipe|remove|destroy|overwrite)\s${DETERMINERS}${KIND}(?:files\b|file${ENDS_FILE}|folders?\b|director(?:y|ies)\b|(?:hard\s)?(?:disks?|drives?)${ENDS_DISK}|databases?\b|partitions?\b|/[\p{L}*.]|~/)|format\s${DETERMINERS}(?:(?:hard\s)?(?:disks?|drives?|partitions?)${ENDS_DISK}|c:)|(?:drop|truncate)\s(?:${SQL_OBJECT}|${DETERMINERS}${KIND}(?:tables?|databases?|schemas?)${ENDS_DROP}))`,
    unless: either(EDITS_TEXT),
  },
  {
    intent: 'system_command',
    confidence: 0.85,
    why: 'an order to read files of the machine',
    pattern: order`(?:show|print|read|open|display|dump|list|give|send|tell)\s(?:me\s)?(?:the\s)?(?:contents?\sof\s)?(?:(?:the\s)?files?\s(?:in\s)?)?(?:/(?:etc|root|proc|var|home|usr)\b|~/\.|\.env\b)`,
    unless: TALKS_ABOUT,
  },
  {
    intent: 'system_command',
    confidence: 0.9,
    why: 'a wish for a shell',
    pattern: order`(?:(?:open|spawn|start|give\sme|get\sme)\s(?:an?\s|the\s)?(?:root\s|reverse\s|bash\s)?shell${ENDS_SHELL}|ssh\s(?:in)?to\b)`,
    unless: TALKS_ABOUT,
  },
  ...ORDERS_OF_LANGUAGES,
];
