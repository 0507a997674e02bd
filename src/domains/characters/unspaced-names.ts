const HONORIFIC =
  /^(?:さん|ちゃん|くん|君|様|さま|殿|氏|先生|先輩|たん|\s?씨|님|양|군|小姐|先生|女士|同学|同學|老师|老師|姐姐|哥哥|妹妹|弟弟|阿姨|叔叔)/u;
const ASKED_IN_JAPANESE =
  /^(?:(?:は|って|とは|というのは|という(?:人|子|キャラ(?:クター)?)は)(?:一体)?(?:誰|だれ|どなた|何者|どんな(?:人|子|キャラ|性格|見た目|外見|顔)|どういう(?:人|子)|何歳|いくつ|どこに(?:いる|住))|が(?:誰|だれ|どんな(?:人|子))|(?:について|のこと(?:を|について)?)(?:教え|話し|説明|知り|知って)|を(?:紹介|知って))/u;
const OF_SOMEBODY =
  /^(?:の(?:性格|年齢|髪|目の色|瞳|身長|職業|仕事|趣味|プロフィール|設定|名前|誕生日|声|口調|過去|外見|見た目)|的(?:性格|年龄|年齡|头发|頭髮|眼睛|身高|职业|職業|故事|背景|外貌|爱好|愛好|名字))/u;
const SAYS =
  /^(?:(?:は|が|も)(?:言|話し|答え|笑|泣い|思っ|思う|聞い|尋ね|叫|怒)|(?:说|說|问|問|告诉|告訴|回答|喊|笑着|笑著|觉得|覺得|认为|認為|喜欢|喜歡|打电话|打電話|住在|结婚|結婚|答应|答應))/u;
const MET =
  /^(?:と(?:会|話|遊|結婚|一緒|行)|に(?:会[いっう]|電話|聞い|言っ|話し|頼|伝え)|から(?:電話|連絡|メール|手紙)|は元気|によろしく|と(?:呼ば|名付|名づ|いう(?:名|人|子|友|女|男))|って(?:いう|子|人))/u;
const WHERE_IN_JAPANESE = /^はどこ(?:$|[?？。でに])/u;
const INTRODUCED =
  /(?:朋友|同学|同學|同事|妹妹|姐姐|哥哥|弟弟|女儿|女兒|儿子|兒子|邻居|鄰居|老师|老師|[表堂][姐妹哥弟]|妻子|丈夫|太太|老公|老婆|(?<!大)叫做?|名字是|名为|名為|是个叫|名前は)$/u;
const INTRODUCED_IN_JAPANESE =
  /(?:友達|友人|妹|姉|兄|弟|娘|息子|妻|夫|彼女|彼氏|同僚|隣人|先輩|後輩|いとこ|従[姉妹兄弟]+)の$/u;
const INTRODUCED_IN_KOREAN = /(?:친구|동생|언니|누나|오빠|딸|아들|이름은|이름이|선생님)\s?$/u;
const INTRODUCED_IN_THAI = /(?:คุณ|พี่|น้อง|นาย|นางสาว|นาง|ครู|หมอ|อาจารย์|เพื่อน|ชื่อ|ป้า|ลุง|ยาย)\s?$/u;
const SAYS_IN_THAI = /^\s?(?:บอก|พูด|ถาม|ตอบ|โทร|ยิ้ม|หัวเราะ|ไป|กลับบ้าน|ซื้อ|อยาก|ทำงาน|เรียน|ขับรถ)/u;
const ASKED_IN_THAI = /^\s?(?:คือใคร|เป็นใคร|เป็นคนยังไง|อายุเท่า)/u;
/** Endings that Korean gives names of people only, and how it calls them. */
const IS_SOMEBODY =
  /^(?:\s?(?:언니|누나|오빠|선생님)|이(?:가|는|를|랑|와|도|의|한테|에게|야)|[아야](?=[,!?\s]|$)|이?라고|[은는이가]\s*(?:말했|물었|웃었|대답했|전화했))/u;
const ASKED_IN_CHINESE = /^(?:是|叫)(?:谁|誰|什么人|什麼人|哪位)/u;
const ASKED_BEFORE = /(?:谁是|誰是|介绍(?:一下)?|介紹(?:一下)?|关于|關於)$/u;
const ASKED_IN_KOREAN = /^(?:은|는|이|가)?\s*(?:누구|어떤\s*사람|몇\s*살)/u;
const QUOTED = [/[「『“"《【]$/u, /^[」』”"》】]/u] as const;
const IS_END = /^\s*(?:$|[?？!！。.,、，])/u;
/** What is looked at around it. */
const AROUND = 24;

/**
 * Whether one letter of a script without spaces (雪, 海) stands for somebody: with さん or the like, in quotation marks,
 * asked for, or saying something. By itself it is a word, or a part of one.
 */
export function isLetterMeant(text: string, { start, end }: { start: number; end: number }): boolean {
  const before = text.slice(Math.max(0, start - AROUND), start);
  const after = text.slice(end, end + AROUND);
  if (QUOTED[0].test(before) && QUOTED[1].test(after)) return true;
  if (isIntroduced(before, after)) return true;
  const letter = text.slice(start, end);
  // Within a word of its own script it is a part of that: 新雪は, 上海.
  if (isOfOneScript(before.at(-1) ?? '', letter)) return ASKED_BEFORE.test(before) && IS_END.test(after);
  return isSpokenOf(before, after);
}

/** The same for a longer word: さくら, 天空, มะลิ. What stands before it may be of its script. */
export function isUnspacedMeant(text: string, { start, end }: { start: number; end: number }): boolean {
  const before = text.slice(Math.max(0, start - AROUND), start);
  const after = text.slice(end, end + AROUND);
  // The word is all that is said.
  if (before.trim() === '' && IS_END.test(after)) return true;
  if (QUOTED[0].test(before) && QUOTED[1].test(after)) return true;
  return isIntroduced(before, after) || isSpokenOf(before, after) || WHERE_IN_JAPANESE.test(after);
}

function isSpokenOf(before: string, after: string): boolean {
  const forms = [
    ...[HONORIFIC, ASKED_IN_JAPANESE, OF_SOMEBODY, SAYS, MET, ASKED_IN_CHINESE, ASKED_IN_KOREAN, IS_SOMEBODY],
    ...[SAYS_IN_THAI, ASKED_IN_THAI],
  ];
  return forms.some((form) => form.test(after)) || (ASKED_BEFORE.test(before) && IS_END.test(after));
}

/** Who somebody is, or that a name follows. */
function isIntroduced(before: string, after: string): boolean {
  if (INTRODUCED.test(before) || INTRODUCED_IN_THAI.test(before) || INTRODUCED_IN_KOREAN.test(before))
    return true;
  return INTRODUCED_IN_JAPANESE.test(before) && /^(?:は|と|も|に|へ|から|って|[、。]|$)/u.test(after);
}

const SCRIPTS = [/^\p{Script=Han}/u, /^\p{Script=Hiragana}/u, /^\p{Script=Hangul}/u, /^\p{Script=Thai}/u];

function isOfOneScript(a: string, b: string): boolean {
  return SCRIPTS.some((script) => script.test(a) && script.test(b));
}
