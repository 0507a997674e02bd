/** What tells talk about a command from the command itself. */

/** After the program no sentence goes on so to its verb: another subject begins, or a relative clause. */
const NEW_SUBJECT =
  '(?:that|which|who|what|where|when|if|because|as|since|until|and|or|so|then|it|this|these|those|they|he|she|i|we|you|the|an?|my|your|our|his|her|their|der|die|das|ein|eine|le|la|un|une|el|il|o)';
/** Finite verbs that make what stands before them a subject. Those of other languages could be names of folders ("es", "est"), so an article or the like must follow. */
const PREDICATE = [
  // "… is what I want run" orders all the same.
  "(?!\\S+\\s(?:what|the\\s\\p{L}{2,10})\\s(?:i|we)(?:\\s|['’]d\\s)(?:want|need|would|like|ask|order))(?:is|isn['’]t|was|wasn['’]t|are|were|means|meant|sounds?|sounded|looks?|looked|seems|reads|became|becomes|never|always)\\s[\\p{L}\"“'\\x60]",
  '(?:ist|war|sind|waren|heißt|bedeutet|klingt)\\s(?:der|die|das|ein|eine|einer|mein|meine|unser|unsere|sein|ihr|kein|keine|wie|nicht|auch|so)\\s',
  "(?:est|était|sont|signifie)\\s(?:(?:le|la|les|un|une|mon|ma|notre|son|sa|très|pas)\\s|l['’])",
  '(?:es|era|son|significa)\\s(?:el|la|los|un|una|mi|nuestro|nuestra|su|muy|lo|o|um|uma)\\s',
  "(?:è|era|sono)\\s(?:(?:il|lo|la|un|una|mio|mia|molto)\\s|l['’])",
  '(?:é|são)\\s(?:o|a|um|uma|meu|minha|muito)\\s',
  '(?:[—–-]\\s)?это\\s\\p{L}',
  'は.{1,60}(?:です|でした|だった|である|だ)(?![\\p{L}])',
  '是[^\\s]{2}',
].join('|');
/** "Delete all files, he said": an order that is told of. */
const TOLD =
  '.{1,200},["”»’]?\\s["“]?(?:(?:he|she|they|i|we|\\p{L}{2,20})\\s(?:said|says|shouted|joked|wrote|typed|whispered|laughed)|(?:said|says|shouted|wrote)\\s\\p{L})';

/** An article behind one of these goes on with the same subject: "ssh to a baby means …". */
const PREPOSITIONAL = '(?:to|of|in|on|from|for|with|at|by)\\s(?:an?|the|my|your|our|his|her|their)\\s';
/** Two commands and a verb in the plural: "rm -rf && sudo are two words". */
const TWO_SUBJECTS = '(?:\\S{1,30}\\s){0,2}?(?:&&?|\\|\\|?|;)\\s\\S{1,30}\\s(?:are|were)\\s\\p{L}';

/** "rm -rf is a nickname", "Kill process 1234 is the title of his novel": the command is what the sentence is about. */
export const TALKS_ABOUT = new RegExp(
  `^(?:["'\\x60“]?\\S+\\s(?:(?:the|all|a|an|every)\\s)?(?:${PREPOSITIONAL}|(?!${NEW_SUBJECT}\\s)\\S{0,60}[^\\s,;|&]\\s){0,4}?(?:${PREDICATE})|\\S+\\s${TWO_SUBJECTS}|${TOLD})`,
  'iu',
);

/** "sudo make me a sandwich": the order is to a person, who gets something; no program takes such words. */
export const ASKS_A_PERSON =
  /^["'`]{0,3}(?:sudo|doas)\s\p{L}[\p{L}'’-]{0,30}\s(?:\p{L}[\p{L}'’]{0,30}\s)?(?:me|us|my|your|an?|mir|uns|ein|eine|einen|moi|nous|un|une|nos|una|um|uma|mi|мне|нам)\s\p{L}[\p{L}\s,.!'’]{0,200}$/iu;
