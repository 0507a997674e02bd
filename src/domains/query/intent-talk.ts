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
  '(?:[—–-]\\s)?(?:это|был[аои]?|значит|означает|удаляет|стирает|называется)\\s\\p{L}',
  '(?:[—–-]\\s)?(?:опасн|смешн|страшн)\\p{L}{1,4}',
  '(?:ist|sind|war|est|es|è|é)\\s(?:(?:sehr|très|muy|molto|muito)\\s)?(?:gefähr|lustig|komisch|dange|drôle|peligr|gracios|divert|pericol|buff|perigos|engraçad)\\p{L}{0,12}',
  '(?:fails|failed|gives|gave|returns|returned|throws|threw)\\s(?:with|an?|me|the|because|when)(?!\\p{L})',
  '(?:deletes|removes|destroys|wipes|kills|does|can|could|will|would|must|should|löscht|efface|supprime|borra|cancella|apaga)\\s(?:everything|all|any|not|what|be|never|alles|tout|todo|tutto|tudo|the|your|my)(?!\\p{L})',
  // A request ends otherwise: "…を実行して".
  '\\S{0,12}(?:は|とは|って|という).{1,60}(?<!て|ください|下さい|しろ|せよ|くれ)[。.!！]?$',
  '\\S{0,12}(?:는|은|란|라는)\\s.{1,60}(?:다|요|네)[.!]?$',
  '(?:是[^\\s]{2}|很|非常|会|會|意思)',
  '(?:هو|هي|يعني|تعني|كان|كانت|أمر|يحذف|خطير)(?:\\s|$)',
  '(?:הוא|היא|היה|הייתה|זה|זו|מוחק|מסוכן|מסוכנת)(?:\\s|$)',
  '.{1,80}(?:है|हैं|था|थी|थे)[।.!]?$',
  '(?:\\p{L}{2,20}\\s)?bir\\s\\p{L}{3}|\\p{L}{2,20}(?:dır|dür|lidir|değil)[.!]?$',
  '(?:เป็น|คือ|หมายถึง|แปลว่า|น่ากลัว|อันตราย)',
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

/** What a sentence says of a command that names its target. Words alone could be names of files: "rm -rf /tmp/this is mine". */
const SAYS_OF_TARGET =
  "(?:is|isn['’]t|was|wasn['’]t|are|were|means|sounds|looks|seems|became)\\s(?:an?|the|what|how|why|where|not|never|always|very|too|so|more|less|safe|unsafe|bad|good|wrong|right|risky|harmful|enough|one|his|her|their)(?![\\p{L}\\p{N}])|(?:fails?|failed|gives?|gave|says|said|returns?|returned|doesn['’]t|didn['’]t|does|did|hangs?|works?|worked|deletes|deleted|removes|removed|prints?|throws?|threw)\\s(?:with|an?|the|not|nothing|everything|all|me|my|every|because|when|on|fine)(?![\\p{L}\\p{N}])|.{0,200}\\?\\s*$";

/** As `TALKS_ABOUT`, of a shell line with a path; what is quoted is a part of the line. */
export const TALKS_ABOUT_TARGET = new RegExp(
  `^["'\\x60“]?\\S+\\s(?:(?:"[^"]{0,200}"|'[^']{0,200}'|\\S{1,200})["'\\x60”]?\\s){1,7}?(?!(?:is|are)\\s(?:what|the\\s\\p{L}{2,10})\\s(?:i|we)(?:\\s|['’]d\\s)(?:want|need|would|like|ask|order))(?:${SAYS_OF_TARGET})`,
  'iu',
);

/** Where words stand, and what is a word among words. */
const TEXTS =
  '(?:sentences?|texts?|paragraphs?|essays?|poems?|stor(?:y|ies)|songs?|lyrics|verses?|letters?|speech|novels?|thesis|drafts?|manuscript|summary|captions?|quotes?|quotation|glossary|outline|translation|headline|recipe|joke)';
const DETERMINED = '(?:(?:the|this|that|these|those|my|our|your|his|her|their|an?|every|each|all)\\s){0,2}';

/**
 * "Delete the word file from the sentence": what goes is a word, and where it stands is a text. A word or letter file of
 * its own, or one that goes from a machine or folder, is a file.
 */
export const EDITS_TEXT = new RegExp(
  `^\\S+\\s${DETERMINED}(?:(?:phrases?|terms?|expressions?|nouns?|verbs?|adjectives?|syllables?)\\s|(?:words?|letters?|names?|titles?|lines?|strings?|chapters?)\\s.{1,60}\\s(?:from|in|of|out\\sof|before|after)\\s(?!.{0,60}(?:server|computer|machine|host|disk|drive|folder|director|database|system|[/~]))|.{1,100}\\s(?:from|in|out\\sof|of)\\s${DETERMINED}(?:[\\p{L}\\p{N}-]{1,20}\\s){0,2}?${TEXTS}(?![\\p{L}\\p{N}])(?!\\s(?:files?|folders?|director|databases?|disks?|drives?)))`,
  'iu',
);
