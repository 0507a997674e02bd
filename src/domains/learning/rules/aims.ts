import { end, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { Finding, Moment, Setting } from './family.ts';
import { type Phrase, phraseAt } from './phrases.ts';
import { whenComing, written } from './when.ts';

/** When what a clause tells of is to come; null: it does not say. */
export const coming = (clause: Clause, setting: Setting) =>
  whenComing(clause.sentence.text, clause.restStart, end(clause), setting.calendar);

/** What changes a life, or at least a week: an aim, not a wish of the moment. */
const AIM =
  /^(?:become (?:an? )?\p{L}+|be (?:an? |the )\p{L}+|learn (?!more\b|about\b|if\b)\p{L}+|move (?:to|in|out|back|abroad|house|closer)|relocate|emigrate|visit (?!your|this|that)\p{L}+|travel\b|study\b|start (?:an? |my |our |learning|running|training|doing|going|night|university|uni|college|school|therapy|\p{L}+ing|\p{L}+ (?:school|lessons|classes|course))|buy (?:an? |my |our |some )|get (?:an? (?:dog|cat|puppy|kitten|tattoo|degree|job|new|motorbike|motorcycle|pet|car|bike|divorce|licen[cs]e|master|phd|qualification|second|piercing|house|flat|place|promotion|rabbit|horse)|married|engaged|divorced|promoted|certified|into \p{L}+|in shape|fit\b|fitter|my (?:driving|pilot|own|degree|first|licen|gcse|a-level|master)|better at|back into|pregnant|qualified|out of debt)|build (?:an? |my |our )|live (?:in|on|abroad|near|by)|own (?:an? |my )|marry|have (?:an? (?:baby|child|kid|family|garden|dog|cat)|kids|children|another (?:baby|child|kid))|retire\b|quit (?:smoking|my|drinking|sugar)|run (?:an? |the |my )(?!test|script|command|check)\p{L}+|lose (?:weight|\d|some weight|a few)|save (?:up|for|\d|money)|climb\b|hike\b|write (?:an? (?:book|novel|memoir|screenplay|musical|thesis|phd)|my (?:thesis|dissertation|novel|memoir|book))|launch|open (?:an? |my |our )|found (?:an? |my )|apply (?:for|to)|switch (?:to|career|jobs|careers)|change (?:jobs|careers?|my (?:career|name|job|diet))|improve my|play (?:the |in |for )|join (?:an? |the |my )|train (?:for|as|to)|compete|volunteer|go (?:back to (?:uni|school|college|work|studying)|to (?:uni|university|college|art school|med school|law school|grad school|\p{Lu})|vegan|vegetarian|part-time|freelance|travelling|traveling|on (?:an? )?(?:holiday|vacation|cruise|safari|exchange))|teach\b|work (?:in|as|at|for|abroad|part-time|with)|pass (?:my|the)|graduate|finish (?:my|the)|complete (?:my|the|an?)|propose|renovate|publish|sell (?:my|our|the)|stop (?:smoking|drinking|eating|vaping|biting)|give up|foster|adopt|cycle|swim (?:the|across|an?)|ride (?:across|my|from|the)|sail|explore|take (?:up|part in|an? (?:course|class|sabbatical|gap|year|trip|cruise)|my (?:driving|exam|exams)|piano|singing|dance|guitar|swimming|driving)|try (?:out for)|see (?:the (?:northern|northern lights|world|pyramids|alps)|machu|japan|iceland)|plant\b|grow (?:my|our|some|own)|earn (?:an?|my)|specialise|specialize|qualify|translate (?:an?|my)|design (?:my|an?)|restore|convert|record (?:an?|my)|perform|exhibit|paint (?:my|our|the)|host (?:an?|my)|throw (?:an?|my)|celebrate|turn vegan|spend (?:the|my|our|christmas|next|more time|a))\b/iu;

const TRIVIAL =
  /^(?:try|see (?:if|how|what|you|whether)|let|talk|tell|ask|check|say|know|think|do (?:it|that|this|so|my best)|send|write (?:you|back|it|to)|call you|get back|be (?:ok|okay|fine|there|honest|back|here|late|busy|happy|able|like|sure|careful|right|nice|good|great|so|very|glad|in touch|on|at|in)|need|have to|make sure|look|find out|keep|use|go (?:now|ahead|with|for it|crazy|insane|mad|to (?:bed|sleep|the (?:shop|bathroom|toilet|loo)))|give it|give you|give that|sleep|wait|stop (?:here|now|it)|explain|show|share|guess|miss|regret|die|cry|kill|lose my|need|want|like|love|remember|forget|admit|assume|stick|believe|come (?:back|over|by|round|around|along|with|in|at|to your)|come$|come(?= (?:tomorrow|on|next))|update|paste|add|put|figure|leave it|just|take (?:it|that|this|a look|your)|read (?:it|that|this)|help|answer|bet|pass on)\b/i;

/** "become a paramedic", with what belongs to it. */
export function aimAt(clause: Clause, from: number): { text: string; end: number } | null {
  const phrase = phraseAt(limit(clause), from, {
    maxWords: AIM_WORDS,
    through:
      /^(?:to|with|for|the|about|up|out|back|as|on|from|at|in|of|and|before|after|over|into|my|our|a|again|abroad|together|alone)$/,
    until: /^(?:eventually|someday|but|so|because|by|instead|sometime|at some|honestly|if|when|soon|one)$/,
  });
  if (!phrase || /\b(?:it|this|that|you|your|u|them|him|her|me)\b/i.test(phrase.text)) return null;
  // "explore | them" is an aim only with what it points at.
  if (
    /^\s+(?:it|this|that|these|those|them|him|her|you|us|me|there)\b/i.test(limit(clause).slice(phrase.end))
  )
    return null;
  const whole = wholePart(limit(clause), phrase);
  return (
    whole && {
      text: whole.text
        .replace(/\b(?:my|our)\b/gi, 'their')
        .replace(/\s+(?:in|on|at|by|to|and|this|next|one|some|before|after|with|for|under|over)$/i, ''),
      end: whole.end,
    }
  );
}

/** Words of an aim that are taken. */
const AIM_WORDS = 9;

/** Of an aim that is longer than what is taken of it: what stands before its last "and"; null: nothing does. */
function wholePart(text: string, phrase: Phrase): Phrase | null {
  const isCut = phrase.text.split(' ').length >= AIM_WORDS - 1 && /^\s+\p{L}/u.test(text.slice(phrase.end));
  if (!isCut) return phrase;
  const words = text.slice(phrase.start, phrase.end);
  const at = words.lastIndexOf(' and ');
  if (at < 0) return phrase.text.split(' ').length < AIM_WORDS ? phrase : null;
  return { text: words.slice(0, at).replace(/\s+/g, ' '), start: phrase.start, end: phrase.start + at };
}

/** " in June 2027", to stand behind what is planned. */
export const when = (moment: Moment | null, setting: Setting) =>
  moment && moment.precision === 'day' ? ` (${written(moment, setting.calendar)})` : '';

/** An aim or a plan, of the words that stand from a place on. */
export function aim(
  clause: Clause,
  setting: Setting,
  from: number,
  predicate: 'plans' | 'wants' | 'considers',
  confidence: number,
): Finding | null {
  const words = clause.sentence.text.slice(from, end(clause)).trimStart();
  const moment = whenComing(clause.sentence.text, from, end(clause), setting.calendar);
  const isDated =
    moment !== null && !/^(?:today|tonight)/i.test(words) && moment.date > setting.calendar.midnight;
  const isAim = AIM.test(words);
  if (!isAim && (!isDated || TRIVIAL.test(words) || predicate !== 'plans')) return null;
  const object = aimAt(clause, from);
  if (!object) return null;
  const kind = predicate;
  return {
    predicate: kind,
    object: object.text,
    negated: clause.negated,
    statement: statementOf(kind, object.text, clause.negated, when(moment, setting)),
    confidence,
    start: clause.start,
    end: Math.max(object.end, moment?.end ?? 0),
    from: moment,
  };
}

function statementOf(predicate: string, object: string, negated: boolean, time: string): string {
  if (predicate === 'considers') return `{subject} is ${negated ? 'not ' : ''}considering: ${object}${time}`;
  const verb = predicate === 'wants' ? 'want' : 'plan';
  return `{subject} ${negated ? `does not ${verb}` : `${verb}s`} to ${object}${time}`;
}
