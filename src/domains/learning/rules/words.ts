const set = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/));

/** Between a subject and its verb; they change nothing of what is said. */
export const ADVERBS = set(
  'also just really currently now still actually usually often mostly mainly always already only both all honestly literally ' +
    'basically kinda totally absolutely definitely recently finally personally officially even sort kind of quite very so ' +
    'truly genuinely simply generally normally typically regularly sometimes occasionally happily proudly originally ' +
    'originally presently apparently obviously clearly secretly primarily largely too do did soon eventually later probably ' +
    'fucking freaking bloody damn myself ourselves too sadly unfortunately luckily thankfully fortunately technically ' +
    'formerly previously once',
);

/** After them, a clause of its own begins. */
export const JOINING = set(
  'and but so because cause cuz coz bc since as plus though although while whereas also now then yet for however therefore ' +
    "'cause anyway anyways btw fyi today nowadays lately currently personally sometimes usually honestly actually basically " +
    'yes yeah yep yup ya no nope nah ok okay right well hi hello hey lol haha hahaha omg ugh hmm hm um uh oh tbh imo imho ' +
    'yesterday tonight recently finally luckily sadly unfortunately remember however first second third thanks thank thx ' +
    'please sorry update news me myself morning evening afternoon greetings cheers otherwise besides still too lmao ' +
    'obviously apparently technically originally anyhow ah aw aww phew nice cool great perfect grand especially ' +
    'maybe perhaps moin wow damn seriously truthfully true same',
);

/** Of a time: "last summer I moved to Bath". */
export const TIME_ENDS = set(
  'year month week weekend monday tuesday wednesday thursday friday saturday sunday january february march april may june july ' +
    'august september october november december summer winter spring autumn fall morning evening night afternoon ago days weeks ' +
    'months years point moment days',
);

export const AUXILIARIES = set(
  "am are is was were do does did have has had will would can could may might must should shall don't doesn't didn't haven't hasn't " +
    "hadn't won't wouldn't can't couldn't shouldn't aren't isn't wasn't weren't dont cant wont didnt",
);

/** At them, a phrase ends. */
export const PHRASE_ENDS = set(
  'but so because cause cuz coz since which that who whom whose where when whenever while whilst if unless until till although though ' +
    'as than then or btw fyi lol haha lmao tbh imo imho now anymore too also anyway anyways please thanks thx atm currently lately recently ' +
    'already yet today tonight yesterday tomorrow is are was were am has had have do does did will would can could may might must should ' +
    "isn't aren't wasn't doesn't don't didn't can't couldn't won't i i'm i've i'd i'll im ive we we're he she they you it he's she's it's they're " +
    'its me him them us whatever however hence therefore instead though despite without except usually sometimes always often never ' +
    'right nowadays whats how why what honestly actually obviously either again soon ever once eventually together alone here there ' +
    'everyday daily like literally basically just really for about after before during within',
);

export const PRONOUNS = set(
  'i me you he him she her it we us they them this that these those one ones someone somebody something anyone anything everyone ' +
    'everybody everything nothing nobody myself yourself himself herself itself mine yours his hers ours theirs what which who how why ' +
    'when where whatever stuff things thing lots much more most less many several such so same way u ya',
);

export const DETERMINERS = set(
  'a an the some any my our this that these those another one two three four five six seven eight nine ten several',
);

/** Numbers in words. */
export const NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen ' +
    'nineteen twenty'
  )
    .split(' ')
    .map((word, value) => [word, value]),
);
