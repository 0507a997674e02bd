import { foldLetters } from '../../ground/letters.ts';
import { isFunctionWord, languagesOf } from '../characters/common-words.ts';

/** Words of questions about memory itself, and of requests to tell something: they say nothing of what is asked about. */
const FRAME = new Set(
  (
    'remember recall remind know tell told say said mention mentioned talk talked ask asked think thought please thing ' +
    'things something anything everything someone anyone name called exactly again still ever already today yesterday ' +
    'erinnern erinnerst weisst gesagt erzahlt heisst nochmal rappelles souviens dit appelle recuerdas dije llama ' +
    'ricordi detto chiama lembra disse chama 什么 什麼 我的 在哪 哪里 哪裡 怎么 你还 还记 记得 뭐야 어디 언제 누구 무엇 помнишь сказал'
  ).split(' '),
);
/** Of requests only: whoever tells something uses them, too, so they count as little as function words in a phrase. */
const REQUEST = new Set(
  (
    'about describe explain show give list find could would should there where which whose anybody kindly wonder wondering ' +
    'really actually maybe perhaps exactly currently eigentlich vielleicht nochmal genau vraiment exactement realmente ' +
    'erzahl erzahle erzahlen sage beschreibe erklar erklare zeige kannst konntest welche welcher welches wieviel uber ' +
    'welchen welchem wem wen wer womit quien quienes cual cuales ' +
    'raconte raconter parle parler explique montre quelle quelles quels pouvez propos cuentame hablame dime explica ' +
    'muestra donde cuando sobre parlami dimmi spiega quando quale fale conte explique vertel waar welke wanneer over ' +
    'расскажи скажи опиши объясни покажи знаешь который которая какой какая когда сколько почему подскажи ' +
    'sag sagen mir uns bitte verrat verrate nenn nenne erinnere mich dis dites moi rappelle indique donne digame decime ' +
    'recuerdame me diga diz fala lembra lembre ricordami mi zeg mij powiedz podaj przypomnij soyle hatirlat bana ' +
    'напомни напомните скажите мне قل قولي لي اخبرني اخبريني ذكرني'
  ).split(' '),
);

/** Whether a word, as letters are compared, belongs to what frames a question about memory. */
export function isFrameWord(word: string): boolean {
  return FRAME.has(word);
}

/** Of the words of a question those that say what it is about, as letters are compared. */
export function subjectWordsAmong(words: readonly string[]): Set<string> {
  const folded = words.map(foldLetters);
  const languages = languagesOf(folded);
  return new Set(
    folded.filter((word) => !FRAME.has(word) && !REQUEST.has(word) && !isFunctionWord(word, languages)),
  );
}
