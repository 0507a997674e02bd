/** Whom one greets by: "Hi there", "hello again", "hallo zusammen", "hola amigo". */
const GREETED =
  '(?:\\s+(?:there|again|all|everyone|everybody|team|friend|buddy|mate|assistant|zusammen|alle|tout le monde|à tous|a todos|amigo|amiga|tutti|pessoal|echo|brain))*';
const GREETINGS = [
  '(?:hi|hiya|hello|hey|howdy|greetings|yo|hallo|moin|servus|grüezi|grüß gott|gruess gott|bonjour|bonsoir|salut|coucou|hola|ciao|salve|buongiorno|buonasera|olá|ola|oi|hej|hei|hoi|cześć|merhaba|selam|привет|здравствуйте|здравствуй|шалом|مرحبا|السلام عليكم|नमस्ते)',
  '(?:a\\s+)?(?:very\\s+)?(?:good|lovely)\\s+(?:morning|afternoon|evening|day|night)|(?:morning|evening|afternoon)(?=[\\s]*[,!.…])',
  'guten?\\s+(?:morgen|tag|abend|nacht)|schönen\\s+(?:guten\\s+)?(?:morgen|tag|abend)',
  'buen(?:os|as)?\\s+(?:días?|dias?|tardes|noches)|bom\\s+dia|boa\\s+(?:tarde|noite)|goede(?:n)?\\s*(?:morgen|middag|avond)|god\\s+(?:morgon|dag|kväll)|dzień\\s+dobry|günaydın|добр(?:ое|ый)\\s+(?:утро|день|вечер)',
  'こんにちは|こんばんは|おはよう(?:ございます)?|もしもし|你好|您好|早上好|早安|晚上好|안녕하세요|안녕',
].join('|');
const WISHES = [
  "how(?:'s|\\s+is|\\s+are)\\s+(?:you|things|it\\s+going|everything|your\\s+day)(?:\\s+(?:doing|going|today|this\\s+\\p{L}{3,10}|so\\s+far))*",
  "(?:i\\s+)?hope\\s+(?:you(?:'re|\\s+are)?|all\\s+is|everything(?:'s|\\s+is)?|your\\s+\\p{L}{3,10}\\s+is|this\\s+finds\\s+you)\\s+(?:are\\s+)?(?:doing\\s+|going\\s+)?(?:well|fine|good|great|okay|ok)(?:\\s+today)?",
  "what(?:'s|\\s+is)\\s+up|nice\\s+to\\s+(?:see|meet|hear\\s+from)\\s+you(?:\\s+again)?|long\\s+time\\s+no\\s+see",
  "wie\\s+geht(?:\\s+es|[’']?s)?(?:\\s+(?:dir|ihnen|euch))?(?:\\s+(?:heute|so))?|ça\\s+va|comment\\s+(?:ça\\s+va|vas-tu|allez-vous)|¿?(?:qué\\s+tal|cómo\\s+(?:estás|está|va))|come\\s+(?:va|stai|sta)|tudo\\s+bem|как\\s+дела",
].join('|');
const THANKS =
  "(?:many\\s+|a\\s+lot\\s+of\\s+)?(?:thanks|thank\\s+you|thx|ty|cheers|danke|dankeschön|vielen\\s+dank|merci|gracias|grazie|obrigad[oa]|спасибо|ありがとう(?:ございます)?|谢谢|謝謝|감사합니다)(?:\\s+(?:a\\s+lot|so\\s+much|very\\s+much|in\\s+advance|again|im\\s+voraus|schon\\s+mal|beaucoup|d['’]avance|mille|de\\s+antemano|you))*";
const END = '(?=[\\s]*(?:[,;:!?.…，。！？、–—\\n-]|$))[\\s,;:!?.…，。！？、–—¿¡-]*';
/** Without a mark behind it only a greeting is one: "hello what is …", "hey can you …". */
const OPENING = new RegExp(
  `^[\\s¡¿]*(?:(?:${GREETINGS})${GREETED}(?:${END}|(?<=^[\\s¡]*(?:hi|hello|hey|hallo|hola|bonjour|salut|ciao|moin)${GREETED})\\s+)|(?:${WISHES}|${THANKS})${END})`,
  'iu',
);
const CLOSING = new RegExp(`[\\s,;:!?.…，。！？、–—-]+(?:${THANKS})[\\s!.…。！]*$`, 'iu');
/** Nobody greets so often. */
const MOST = 4;
/** UTF-16 units at either end that are looked at. */
const LOOKED_AT = 200;

/**
 * A query without greetings and wishes before it and thanks behind it, which say nothing of what it is about: "Good morning! How are you?
 * What is my dentist called?" is about a dentist. What is nothing else stays as it is.
 */
export function withoutPleasantries(query: string): string {
  let rest = query;
  for (let count = 0; count < MOST; count++) {
    const found = OPENING.exec(rest.slice(0, LOOKED_AT))?.[0].length ?? 0;
    if (found === 0) break;
    rest = rest.slice(found);
  }
  const from = Math.max(0, rest.length - LOOKED_AT);
  const thanks = CLOSING.exec(rest.slice(from));
  if (thanks) rest = rest.slice(0, from + thanks.index);
  return /[\p{L}\p{N}]/u.test(rest) ? rest : query;
}
