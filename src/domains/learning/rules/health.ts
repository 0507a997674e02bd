import { allergiesBeside, allergiesHad, allergiesOf, allergiesSaid } from './allergies.ts';
import { base, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import { become, drink, eat, smoke, stop } from './diet.ts';
import type { ClauseRule, Family, Finding } from './family.ts';
import { take } from './medicine.ts';
import { isTelling, phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';
import { whenPast } from './when.ts';

const CONDITION =
  /^(?:(?:mild|severe|chronic|bad|really bad|slight|seasonal|serious|acute|moderate|terrible|awful|early|some|type (?:1|2|one|two)|stage \w+|clinical|postnatal|postpartum|social|generali[sz]ed|rheumatoid|a (?:bit of|touch of|mild|bad|severe|slight|serious|form of)|an?|my|lower|upper)\s+)*(?:[\p{L}'-]+ ){0,2}?(?:[\p{L}]*(?:itis|osis|emia|aemia|algia|pathy|plegia|phobia|somnia|apnea|apnoea|lepsy|opia|rrhea|rrhoea|phrenia|thyroidism|tension)|asthma|diabetes|migraines?|adhd|add|autism|asd|ocd|ptsd|depression|anxiety|bipolar(?: disorder)?|eczema|cancer|lupus|vertigo|tinnitus|hay ?fever|sciatica|scoliosis|gout|ibs|ibd|pcos|copd|hiv|gerd|reflux|crohn'?s|coeliac|celiac|parkinson'?s|alzheimer'?s|dementia|hernia|pacemaker|ms|cfs|me|fibroids|raynaud'?s|tourette'?s|down'?s syndrome|cerebral palsy|dyslexia|dyspraxia|dyscalculia|long covid|high cholesterol|(?:high|low) blood pressure|(?:heart|thyroid|kidney|liver|lung|skin|back|knee|hip|shoulder|eye|gut|stomach) (?:condition|disease|problems?|issues?|murmur|trouble|pain)|(?:bad|dodgy|torn|injured|weak|arthritic|frozen|stiff) (?:back|knees?|hips?|shoulders?|ankles?|neck|eyesight|heart|acl|meniscus|wrist|elbow)|slipped disc|(?:[\p{L}-]+ )(?:syndrome|disorder|disease|deficiency|intolerance)|colou?r[- ]blindness|hearing loss|hearing aids?)(?![\p{L}])/iu;

const STATE =
  /^\s*(?:(?:a|an|also|mildly|severely|slightly|partially|partly|quite|very|legally|profoundly|basically|still|now|newly|highly|type (?:1|2|one|two)) )*(diabetic|asthmatic|epileptic|coeliac|celiac|dyslexic|dyspraxic|autistic|bipolar|colou?r[- ]?blind|deaf|blind|hard of hearing|ana?emic|haemophiliac|hemophiliac|(?:[\p{L}-]+[- ])?intolerant|pregnant|(?:\d{1,2}|\w+) weeks pregnant|(?:\w+|\d) months pregnant|visually impaired|partially sighted|(?:short|near|long|far)[- ]?sighted|hypertensive|neurodivergent|immunocompromised|insulin[- ]resistant|wheelchair user|in remission|in recovery|hypermobile|an amputee|sober|teetotal|a recovering alcoholic|a non-?smoker|a (?:heavy |light |social )?smoker|left-eyed|expecting (?:a baby|twins|our (?:first|second|third)(?: \w+)?|my (?:first|second|third)(?: \w+)?))(?![\p{L}-])/iu;

const DIET =
  /^\s*(?:(?:a|an|also|strictly|strict|still|now|mostly|basically|fully|totally|100%|proudly|not|actually|lifelong|life-long|currently|officially|completely|back to being|going) )*(vegan|vegetarian|veggie|pescatarian|pescetarian|flexitarian|plant[- ]based|fruitarian|(?:gluten|dairy|lactose|sugar|meat|carb)[- ]free|keto|paleo|low[- ]carb|low[- ]fodmap|halal|kosher|omnivore|carnivore)(?![\p{L}-]|\s+(?:restaurants?|food|recipes?|cake|options?|meals?|dish(?:es)?|curious|cheese|friends?|cookbook)\b)/iu;

const be: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past') return diagnosed(clause);
  const allergies = allergiesOf(clause);
  if (allergies) return allergies;
  const findings: Finding[] = [...allergiesBeside(clause)];
  const diet = DIET.exec(clause.rest);
  if (diet?.[1])
    findings.push({
      ...base(clause),
      negated: clause.negated || /\bnot\b/.test(diet[0]),
      predicate: 'diet',
      object: diet[1].toLowerCase(),
      confidence: 0.9,
      end: clause.restStart + diet[0].length,
    });
  const state = STATE.exec(clause.rest);
  if (state?.[1]) findings.push(stateOf(clause, state[1], clause.restStart + state[0].length));
  const drug =
    /^\s*(?:still |now |currently |back )*on (?:an? (?:course|low dose|high dose) of )?((?:\d+(?:[.,]\d+)? ?(?:mg|mcg|ml|µg|g) (?:of )?)?(?:(?:low|high)[- ]dose )?(?:[\p{L}-]*(?:cillin|mycin|pril|olol|statin|azole|oxetine|pram|aline|idone|apine|formin|sartan|thyroxine|prazole|triptan|barbital|azepam|zolam|mab|vir|setron|gliptin|glutide|tidine|pam)|insulin|antibiotics|antidepressants|the pill|blood thinners|beta[- ]blockers|statins|steroids|ssris?|hrt|methotrexate|lithium|warfarin|chemo|adderall|ritalin|vyvanse|concerta|elvanse|metformin|prednisone|ozempic|wegovy|mounjaro|birth control|painkillers|pain meds|anti-?anxiety meds|medication for [\p{L} ]{3,30}))(?![\p{L}])/iu.exec(
      clause.rest,
    );
  if (drug?.[1])
    findings.push({
      ...base(clause),
      predicate: 'takes',
      object: drug[1],
      confidence: 0.88,
      end: clause.restStart + drug[0].length,
    });
  const on = /^\s*(?:still |now |currently )*on an? ((?:[\p{L}-]+ ){1,3}?)diet\b/iu.exec(clause.rest);
  if (on?.[1] && !clause.negated)
    findings.push({
      ...base(clause),
      predicate: 'diet',
      object: on[1].trim(),
      confidence: 0.85,
      end: clause.restStart + on[0].length,
    });
  return findings;
};

function stateOf(clause: Clause, state: string, end: number): Finding {
  const smoker = /smoker/i.test(state);
  if (smoker)
    return {
      ...base(clause),
      predicate: 'smokes',
      object: 'smoking',
      negated: /non/i.test(state) !== clause.negated,
      confidence: 0.9,
      end,
    };
  if (/^(?:teetotal|sober)$/i.test(state))
    return {
      ...base(clause),
      predicate: 'drinks',
      object: 'alcohol',
      negated: !clause.negated,
      confidence: 0.8,
      end,
    };
  const intolerant = /^([\p{L}-]+)[- ]intolerant$/iu.exec(state)?.[1];
  if (intolerant && !/^(?:an?|very|also|really)$/i.test(intolerant))
    return { ...base(clause), predicate: 'intolerant_to', object: intolerant, confidence: 0.93, end };
  return {
    ...base(clause),
    predicate: 'has_condition',
    object: state,
    statement: `{subject} is ${clause.negated ? 'not ' : ''}${state}`,
    confidence: 0.9,
    end,
  };
}

function diagnosed(clause: Clause): Finding | null {
  const found = /^\s*(?:\p{L}+ )?diagnosed (?:with|as having)\s+/iu.exec(clause.rest);
  if (!found || clause.negated || clause.modality !== null) return null;
  const phrase = phraseAt(limit(clause), clause.restStart + found[0].length, {
    maxWords: 5,
    until: /^(?:at|by|when)$/,
  });
  return (
    phrase && {
      ...base(clause),
      predicate: 'has_condition',
      object: phrase.text,
      confidence: 0.92,
      end: phrase.end,
    }
  );
}

/** "I have asthma", "I've got a nut allergy", "I suffer from …". */
const have: ClauseRule = (clause, setting) => {
  if (
    clause.modality !== null ||
    (clause.verb === 'get' &&
      !(clause.tense === 'perfect' && clause.form === 'participle') &&
      !/^\s+(?:really |bad |terrible |awful |frequent |regular )*(?:migraines|hay ?fever|cold sores|panic attacks|seasick|carsick|travel sick)\b/i.test(
        clause.rest,
      ))
  )
    return null;
  const lead = /^\s+(?:from |with )?(?:an? |the |some |any )?/i.exec(clause.rest)?.[0].length ?? 0;
  const rest = clause.rest.slice(lead);
  const findings: Finding[] = [];
  const allergies = clause.tense === 'past' ? null : allergiesHad(clause, lead);
  if (allergies) return allergies;
  const condition = CONDITION.exec(rest);
  if (condition && clause.tense !== 'past') {
    findings.push({
      ...base(clause),
      predicate: 'has_condition',
      object: condition[0].replace(/^(?:an?|my)\s+/i, ''),
      confidence: 0.9,
      end: clause.restStart + lead + condition[0].length,
    });
    const more = /^\s+and\s+/i.exec(rest.slice(condition[0].length));
    const second = more && CONDITION.exec(rest.slice(condition[0].length + more[0].length));
    if (second && more)
      findings.push({
        ...base(clause),
        predicate: 'has_condition',
        object: second[0].replace(/^(?:an?|my)\s+/i, ''),
        confidence: 0.88,
        end: clause.restStart + lead + condition[0].length + more[0].length + second[0].length,
      });
  }
  const surgery =
    /^((?:[\p{L}-]+ ){0,3}(?:surgery|operation|transplant|bypass|c-section|root canal|replacement|hysterectomy|vasectomy|appendectomy|stroke|heart attack|miscarriage))\b/iu.exec(
      rest,
    );
  if (surgery?.[1] && !clause.negated && clause.tense !== 'present') {
    const from = whenPast(
      clause.sentence.text,
      clause.restStart,
      clause.restStart + clause.rest.length,
      setting.calendar,
    );
    findings.push({
      start: clause.start,
      predicate: 'happened',
      object: surgery[1],
      statement: `{subject} had ${surgery[1]}`,
      confidence: 0.85,
      end: clause.restStart + lead + surgery[0].length,
      from,
    });
  }
  return findings;
};

const suffer: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.tense === 'past' || !/^\s+from\s/i.test(clause.rest)) return null;
  const phrase = phraseAt(limit(clause), clause.restStart + 5, { maxWords: 5 });
  const known = have(clause, setting);
  if (known && (!Array.isArray(known) || known.length > 0)) return known;
  return phrase && isTelling(phrase)
    ? { ...base(clause), predicate: 'has_condition', object: phrase.text, confidence: 0.85, end: phrase.end }
    : null;
};

const BODY =
  /\bmy (?:(?:left|right|lower|upper|bad|whole) )?(back|knees?|hips?|shoulders?|ankles?|neck|wrists?|elbows?|teeth|tooth|head|stomach|feet|foot|throat|ear|ears)(?: has| have|'s|s)?(?: been)? (?:hurts?|aches?|hurting|aching|sore|killing me|painful|in pain|acting up|playing up)\b/i;

function sentences({ text, isQuestion }: Sentence): Finding[] {
  const findings: Finding[] = [];
  const body = BODY.exec(text);
  if (body?.[1] && !isQuestion && !/\bif\b/i.test(text.slice(0, body.index)))
    findings.push({
      predicate: 'has_condition',
      object: `pain: ${body[1]}`,
      statement: `{subject}'s ${body[1]} hurts`,
      confidence: 0.75,
      start: body.index,
      end: body.index + body[0].length,
    });
  if (!isQuestion) findings.push(...allergiesSaid(text));
  return findings;
}

export const health: Family = {
  name: 'health',
  verbs: {
    be,
    have,
    get: have,
    suffer,
    struggle: have,
    live: (clause, setting) => (/^\s+with\s/i.test(clause.rest) ? have(clause, setting) : null),
    take,
    eat,
    drink,
    smoke,
    vape: smoke,
    stop,
    quit: stop,
    give: stop,
    become,
    go: become,
    turn: become,
  },
  sentence: sentences,
};
