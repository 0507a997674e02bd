const HONORIFIC =
  /^(?:さん|ちゃん|くん|君|様|さま|殿|氏|先生|先輩|たん|씨|님|양|군|小姐|先生|女士|同学|同學|老师|老師)/u;
const ASKED_IN_JAPANESE =
  /^(?:(?:は|って|とは|というのは|という(?:人|子|キャラ(?:クター)?)は)(?:一体)?(?:誰|だれ|どなた|何者|どんな(?:人|子|キャラ|性格|見た目|外見|顔)|どういう(?:人|子)|何歳|いくつ|どこに(?:いる|住))|が(?:誰|だれ|どんな(?:人|子))|(?:について|のこと(?:を|について)?)(?:教え|話し|説明|知り|知って)|を(?:紹介|知って))/u;
const OF_SOMEBODY =
  /^(?:の(?:性格|年齢|髪|目の色|瞳|身長|職業|仕事|趣味|プロフィール|設定|名前|誕生日|声|口調|過去|外見|見た目)|的(?:性格|年龄|年齡|头发|頭髮|眼睛|身高|职业|職業|故事|背景|外貌|爱好|愛好|名字))/u;
const SAYS =
  /^(?:(?:は|が|も)(?:言|話し|答え|笑|泣い|思っ|思う|聞い|尋ね|叫|怒)|(?:说|說|回答|笑着|笑著|觉得|覺得|认为|認為))/u;
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
  const letter = text.slice(start, end);
  // Within a word of its own script it is a part of that: 新雪は, 上海.
  if (isOfOneScript(before.at(-1) ?? '', letter)) return ASKED_BEFORE.test(before) && IS_END.test(after);
  if (
    [HONORIFIC, ASKED_IN_JAPANESE, OF_SOMEBODY, SAYS, ASKED_IN_CHINESE, ASKED_IN_KOREAN].some((form) =>
      form.test(after),
    )
  )
    return true;
  return ASKED_BEFORE.test(before) && IS_END.test(after);
}

const SCRIPTS = [/^\p{Script=Han}/u, /^\p{Script=Hiragana}/u, /^\p{Script=Hangul}/u, /^\p{Script=Thai}/u];

function isOfOneScript(a: string, b: string): boolean {
  return SCRIPTS.some((script) => script.test(a) && script.test(b));
}
