import { isNationality } from './people.ts';

/** How words end that name what somebody does for a living. */
const ENDING =
  /(?:[bcdfgklmnprstvwxz]er|[tlcsd]or|eer|ier|ist|ician|arian|ographer|ologist|wright|smith|monger|keeper|(?:sales|police|fire|post|camera|trades|handy|stunt|watch|frontman|business|chair|crafts|spokes|fisher)(?:wo)?man|worker|officer|assistant|attendant|accountant|consultant|sergeant|lieutenant|superintendent|agent|tutor|chef|master|hand)$/;
const NAMES = new Set(
  (
    'nurse chef cook pilot judge clerk doctor vet veterinarian student undergrad postgrad barista lawyer attorney architect coach guard midwife postie nanny intern apprentice ' +
    'freelancer ceo cto cfo coo vp dev developer programmer pm po sre dba ta ra postdoc phd professor prof teacher lecturer principal headteacher head dean priest monk nun rabbi imam pastor vicar ' +
    'mechanic electrician plumber paramedic emt medic surgeon gp physio physiotherapist therapist dentist pharmacist optician radiographer soldier sailor marine captain ' +
    'spy detective cop police firefighter waiter waitress cashier bartender host hostess steward stewardess courier cabbie trucker model actor actress musician drummer guitarist ' +
    'author poet editor journalist translator interpreter copywriter analyst economist scientist chemist physicist biologist engineer technician surveyor artist ' +
    'florist butcher baker tailor seamstress cobbler jeweller jeweler carpenter joiner roofer mason bricklayer welder builder gardener farmer shepherd fisherman ' +
    'beekeeper vintner sommelier brewer roaster planner recruiter buyer trader banker broker realtor auditor bookkeeper treasurer secretary receptionist administrator admin ' +
    'manager supervisor foreman director founder cofounder co-founder entrepreneur owner consultant contractor temp cleaner janitor caretaker carer caregiver housewife househusband ' +
    'homemaker stay-at-home librarian archivist curator conservator restorer referee umpire athlete footballer dancer choreographer composer conductor producer ' +
    'sysadmin devops cto qa tester designer illustrator animator photographer videographer filmmaker streamer youtuber blogger podcaster dj ' +
    'diplomat politician mayor councillor senator minister ambassador civil servant lifeguard ranger warden guide concierge porter valet chauffeur driver ' +
    'orderly anaesthetist anesthetist oncologist psychiatrist psychologist counsellor counselor doula acupuncturist masseuse masseur barber hairdresser stylist beautician'
  ).split(' '),
);
const NO_OCCUPATION =
  /(?:^|\s|-)(?:lover|hater|beginner|newcomer|sufferer|smoker|non-smoker|eater|drinker|sleeper|reader|hoarder|overthinker|thinker|member|user|believer|gamer|runner|hiker|swimmer|cyclist|climber|walker|survivor|loser|winner|owner|voter|parent|father|mother|brother|sister|daughter|stranger|outsider|foreigner|teenager|millennial|boomer|introvert|extrovert|patient|resident|client|customer|descendant|subscriber|follower|skeptic|sceptic|optimist|pessimist|perfectionist|feminist|minimalist|realist|vegetarian|vegan|pescatarian|flexitarian|planner type|listener|learner|starter|quitter|spender|traveller|traveler|morning person|night owl|person|fighter|dreamer|giver|hugger|procrastinator|collector|enthusiast|supporter|admirer|speaker|sinner|monster|disaster|hipster|goner|keeper|number|bit|flyer|player|subscriber|viewer|finisher|late|riser|early riser|loner|homebody|bother|burden|sucker|former|member|leader|character|amateur|offender|dabbler|tinkerer|chatter|crier|talker|jumper|rider|camper|knitter|crocheter|kayaker|skier|snowboarder|surfer|diver|bather|toddler|twin|earner|passenger|tourist|visitor|renter|homeowner|commuter|goner|lefty|winter|summer|matter|mother-to-be|father-to-be|letter|danger|centre|center|other|another|fiver|tenner|whisper|wonder|shower|paper|dinner|supper|cancer|fever|offer|order|liar|cheater|ier|happier|easier|earlier|busier|little|bigger|better|older|younger|taller|smaller|shorter|later|longer|faster|slower|stronger|weaker|closer|nearer|farther|further|sooner|lower|upper|higher|under|over|never|ever|sober|clever|bitter|tender|eager|proper|super|rather|together|whether|either|neither|hater|socialist|capitalist|communist|liberal|conservative|atheist|buddhist|baptist|methodist)$/i;
const HEADS = /\b(?:in|at|for|of|with|on|and|from|who|that|by|based|specialising|specializing|to)\b/i;

/** Whether a phrase names what somebody does for a living: by its last word, as languages make such words, not by a list alone. */
export function isOccupation(phrase: string): boolean {
  const head =
    phrase
      .split(HEADS)[0]
      ?.trim()
      .replace(/[.,!]+$/, '')
      .toLowerCase() ?? '';
  const words = head.split(/\s+/);
  const last = words.at(-1) ?? '';
  if (words.length > 5 || last === '' || isNationality(head) || NO_OCCUPATION.test(head)) return false;
  if (
    /^(?:big|huge|avid|keen|heavy|light|good|bad|great|terrible|slow|fast|quick|firm|strong|real|total|complete|passionate|picky|fussy|chronic|lifelong)$/.test(
      words[0] ?? '',
    ) &&
    words.length === 2 &&
    !NAMES.has(last)
  )
    return false;
  return (
    NAMES.has(last) ||
    NAMES.has(words.at(-1)?.split('-').at(-1) ?? '') ||
    (ENDING.test(last) && last.length > 4) ||
    /^(?:head|vice president|vp|director|chief|lead|junior|senior|principal)\b/.test(head)
  );
}
