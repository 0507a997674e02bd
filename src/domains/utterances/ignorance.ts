import { foldLetters } from '../../ground/letters.ts';

/**
 * What somebody begins with who has no answer, in the more frequent languages: letters as they are compared, so
 * without accents and in lower case.
 */
const BEGINNINGS = [
  // English
  "(?:i am |i'm |i |we )?(?:really |very |so |truly )?(?:sorry|afraid|apologi[sz]e)[^.!?]{0,40}?(?:do not|don't|cannot|can't|could not|couldn't|am not|not|no|unable|never|lack)\\b",
  "(?:i'm |i am )?(?:really |very |so )?sorry(?: about that| for that)?[,.!] ?(?:but )?(?:i|there|that|you|we)[^.!?]{0,30}(?:not|n't|no|never|unable)\\b",
  "(?:unfortunately|regrettably)[^.!?]{0,40}(?:not|n't|no|never|unable|lack)\\b",
  "i (?:honestly |really |simply |just |currently )?(?:do not|don't|cannot|can't|could not|couldn't) (?:currently |actually |really )?(?:know|remember|recall|find|answer|say for|tell|have (?:any |that |this |enough |access|information|memor|record|note|details|data))",
  'i (?:have|had) (?:no|nothing) (?:idea|information|memor|record|note|data|way of knowing|knowledge|on record|stored|about)',
  "(?:i'm|i am) (?:not sure|not certain|not aware|unable|unsure|not able)\\b",
  "i remember nothing|no idea\\b|no (?:information|record|memory|data)\\b|(?:there is|there's) (?:no|nothing) (?:information|record|mention|memory|data|about|in)|you (?:have not|haven't|never|did not|didn't) (?:told|tell|mention|mentioned|said|say|share|shared)",
  // German
  '(?:es )?tut mir (?:sehr )?leid[^.!?]{0,60}(?:nicht|kein|keine|keinen|nichts)\\b|leider[^.!?]{0,60}(?:nicht|kein|keine|keinen|keinerlei|nichts)\\b|(?:das )?wei(?:ss|ß) ich (?:leider )?nicht|ich wei(?:ss|ß) (?:es |das |davon )?(?:leider )?(?:nicht|nichts)|ich kann mich (?:leider )?(?:nicht|an nichts)|ich erinnere mich (?:leider )?(?:nicht|an nichts)|ich habe (?:leider |dazu |daruber )*(?:keine|nichts)|dazu (?:wei|habe)[^.!?]{0,30}(?:nicht|keine)|keine ahnung',
  // French
  "(?:je suis |je )?(?:vraiment )?(?:desolee?|navree?|regrette|m'excuse)[^.!?]{0,60}(?:pas|aucune?|rien)\\b|malheureusement[^.!?]{0,60}(?:pas|aucune?|rien)\\b|je (?:ne |n')(?:sais|(?:le |la )?sais|me souviens|m'en souviens|en sais|dispose|possede|ai|connais|trouve|peux)[^.!?]{0,20}(?:pas|rien|aucune?)|je me souviens de rien|je sais pas|aucune idee",
  // Spanish
  '(?:lo siento|perdon|disculpa|lamento|lamentablemente|desafortunadamente|por desgracia)[^.!?]{0,60}(?:no|nada|ninguna?)\\b|no (?:lo )?(?:se\\b|recuerdo|me acuerdo|tengo (?:esa|ninguna?|informacion|datos|constancia|registro|idea)|dispongo|encuentro|puedo recordar)|ni idea',
  // Italian
  '(?:mi dispiace|scusa|spiacente|purtroppo)[^.!?]{0,60}(?:non|nessuna?|niente|nulla)\\b|non (?:lo )?(?:so\\b|ricordo|mi ricordo|ho (?:queste?|nessuna?|informazioni|idea)|dispongo|trovo)|nessuna idea',
  // Portuguese
  '(?:desculpe?|sinto muito|lamento|infelizmente)[^.!?]{0,60}(?:nao|nenhuma?|nada)\\b|(?:eu )?nao (?:sei|me lembro|lembro|tenho (?:essa|nenhuma?|informac)|disponho|encontro)|nao faco ideia',
  // Dutch
  '(?:het spijt me|sorry|helaas)[^.!?]{0,60}(?:niet|geen|niets)\\b|(?:dat )?weet ik niet|ik weet (?:het |dat )?niet|ik herinner me (?:niets|dat niet|niet)|ik heb (?:hier |daar )?(?:geen|niets)|geen idee',
  // Swedish, Danish, Norwegian
  '(?:tyvarr|desvarre|beklager|ledsen|jag ar ledsen)[^.!?]{0,60}(?:inte|ikke|ingen|inga|inget)\\b|jag vet (?:det )?inte|det vet jag inte|jag (?:minns|kommer) (?:det |inte)|jag har ingen|(?:jeg|det) (?:ved|vet|husker) (?:det |jeg )?(?:ikke|ingenting)|jeg har ingen',
  // Polish
  '(?:przepraszam|niestety|przykro mi)[^.!?]{0,60}(?:nie|brak|zadn)|nie (?:wiem|pamietam|mam (?:takich|tych|zadnych|informacji|pojecia))|nic (?:o tym )?nie pamietam',
  // Turkish
  '(?:uzgunum|maalesef|kusura bakma)[^.!?]{0,80}(?:bilmiyorum|yok|degil|hatirlamiyorum|sahip degilim)|(?:bunu )?bilmiyorum|hatirlamiyorum|(?:hicbir )?bilgim yok',
  // Russian, Ukrainian
  '(?:извините|извини|простите|прости|к сожалению|сожалею|на жаль|вибачте)[^.!?]{0,80}(?:не|нет|ничего|немає)(?![\\p{L}])|(?:я )?(?:этого |об этом )?(?:не (?:знаю|помню|располагаю|могу вспомнить)|ничего (?:об этом )?не (?:знаю|помню))|у меня нет (?:такой |этой |никакой )?(?:информации|данных|сведений)|понятия не имею|(?:я )?не (?:знаю|памятаю)',
  // Greek
  '(?:λυπαμαι|συγγνωμη|δυστυχως)[^.!?]{0,60}(?:δεν|τιποτα|καμια)|δεν (?:ξερω|γνωριζω|θυμαμαι|εχω)',
  // Arabic, Hindi
  '(?:عذرا|آسف|اسف|للأسف|للاسف)[^.!?؟]{0,60}(?:لا|ليس|ليست|لم)|لا (?:أعرف|اعرف|أعلم|اعلم|أتذكر|اتذكر|أملك|املك)|ليس لدي|ليست لدي',
  '(?:माफ|क्षमा|मुझे खेद)[^।.!?]{0,60}(?:नहीं|नही)|मुझे (?:नहीं पता|नही पता|पता नहीं|याद नहीं|इसकी जानकारी नहीं)|मेरे पास[^।.!?]{0,40}नहीं',
];
const WITHOUT_SPACES =
  /^(?:(?:申し訳|すみません|ごめん|残念)[^。！!?？]{0,60}(?:ません|ない)|(?:私は|それは|それについては)?(?:わかりません|分かりません|知りません|覚えていません|存じません|情報がありません|何も覚えて)|(?:抱歉|对不起|對不起|很遗憾|不好意思|很抱歉)[^。！!?？]{0,40}(?:不|没有|沒有|无法|無法)|我(?:不知道|不记得|不記得|不清楚|没有(?:这|相关|任何|关于)|沒有(?:這|相關|任何|關於)|什么都不记得|無法|无法)|不知道|(?:죄송|미안|유감)[^.!?]{0,60}(?:없|않|못|모르)|(?:저는 |나는 )?(?:잘 )?(?:모르겠|몰라|기억나지|기억이 나지|기억이 없)|(?:ขอโทษ|ขออภัย|เสียใจ)[^.!?]{0,60}(?:ไม่|ไม่มี)|(?:ฉัน|ผม|ดิฉัน)?ไม่(?:ทราบ|รู้|มีข้อมูล|จำ))/u;
const BEGINS = new RegExp(`^(?:${BEGINNINGS.join('|').replace(/[^\0-\x7f]+/gu, foldLetters)})`, 'u');
/** Behind one of these something may be told after all, unless it is an offer. */
const BUT =
  /(?:^|[\s,;.])(?:but|however|although|though|aber|allerdings|jedoch|mais|cependant|pero|sin embargo|ma|pero|mas|porem|maar|men|ale|ama|но|однако)[,\s]+(?!(?:i|we|you)(?:'d| would|'ll| can| could| will| may)\b|if\b|feel\b|please\b|let\b|tell\b|thanks\b|i (?:do not|don't|cannot|can't|have no|am)|i'm\b|there (?:is|are|'s) no|ich (?:kann|habe|weiss)|wenn\b|je (?:peux|ne|n')|si\b|se\b|posso\b|no\b|non\b|nao\b|puedo\b|als\b|ik (?:kan|heb)|если|я (?:могу|не))\S/u;
/** Who tells more than that does so in longer texts. */
const LOOKED_AT = 600;

/** Whether an answer says that nothing is known, and nothing else. */
export function saysNothingIsKnown(answer: string): boolean {
  const start = foldLetters(answer.trimStart().slice(0, LOOKED_AT))
    .replaceAll('’', "'")
    .replace(/^(?:(?:oh|hmm|hm|well|ah|ok|okay|nun|na ja|eh bien|bueno|beh)[\s,.!…]+)+/u, '');
  if (WITHOUT_SPACES.test(answer.trimStart())) return true;
  return BEGINS.test(start) && !BUT.test(start);
}
