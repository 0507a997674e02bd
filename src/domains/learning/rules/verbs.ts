export type VerbForm = 'base' | 'past' | 'participle' | 'ing';

export interface VerbReading {
  readonly lemma: string;
  readonly forms: ReadonlySet<VerbForm>;
}

/** Of verbs whose past is not regular: base, past, participle. */
const IRREGULAR =
  'be was been,have had had,do did done,go went gone,get got got,get got gotten,make made made,take took taken,see saw seen,buy bought bought,' +
  'sell sold sold,speak spoke spoken,write wrote written,read read read,drive drove driven,ride rode ridden,fly flew flown,' +
  'eat ate eaten,drink drank drunk,grow grew grown,know knew known,begin began begun,teach taught taught,lead led led,run ran run,' +
  'break broke broken,leave left left,lose lost lost,find found found,win won won,come came come,become became become,meet met met,' +
  'build built built,give gave given,keep kept kept,feel felt felt,sleep slept slept,wake woke woken,swim swam swum,sing sang sung,' +
  'quit quit quit,cut cut cut,hurt hurt hurt,put put put,let let let,set set set,stand stood stood,bear bore borne,think thought thought,' +
  'bring brought brought,spend spent spent,say said said,tell told told,hear heard heard,hold held held,pay paid paid,send sent sent,' +
  'learn learnt learnt,dream dreamt dreamt,fall fell fallen,wear wore worn,steal stole stolen,tear tore torn,draw drew drawn,' +
  'bake baked baked,show showed shown,understand understood understood,choose chose chosen,throw threw thrown,sit sat sat,rise rose risen,' +
  'lie lay lain,wed wed wed,split split split,hit hit hit,rewrite rewrote rewritten,sew sewed sewn,dive dove dived,shoot shot shot';
const REGULAR =
  'live reside move relocate settle stay base work study train love like enjoy adore hate dislike detest loathe despise prefer ' +
  'own use play practice practise start join retire resign graduate enroll enrol major weigh measure turn earn rent identify ' +
  'adopt rescue acquire order switch change swap smoke vape stop start try plan want hope intend aim wish consider expect marry date divorce ' +
  'separate engage suffer cook bake code program paint knit crochet garden hike climb jog cycle volunteer manage supervise ' +
  'found launch open close pass fail finish complete publish cancel book visit travel celebrate donate injure sprain fracture twist ' +
  'restore repair design sell treat serve deliver translate edit research produce create develop maintain photograph collect breed raise ' +
  'switch ditch dump crash total return replace upgrade trade inherit receive welcome need avoid tolerate handle follow support ' +
  'attend compete perform record release sign hire promote fire apply immigrate emigrate migrate born call name go pick hand ' +
  'dance surf ski skate row box wrestle juggle hail originate transfer head avoid crave miss watch listen look ' +
  'break renovate redecorate redo propose elope miscarry adopt foster coach tutor lecture mentor volunteer film host';

const readings = new Map<string, { lemma: string; forms: Set<VerbForm> }>();

/** The verb that a word may be a form of. */
export function verbOf(word: string): VerbReading | null {
  return readings.get(word) ?? null;
}

function add(word: string, lemma: string, form: VerbForm): void {
  const known = readings.get(word);
  if (!known) readings.set(word, { lemma, forms: new Set([form]) });
  else if (known.lemma === lemma) known.forms.add(form);
}

function addRegular(base: string, withPast: boolean): void {
  const stem = base.endsWith('e') && !/[eoy]e$/.test(base) ? base.slice(0, -1) : base;
  const doubled =
    /^[^aeiou]*[aeiou][bdgklmnprt]$/.test(base) || /(?:prefer|enrol|jog|quit|swim|transfer)$/.test(base);
  const root = doubled ? base + base.slice(-1) : stem;
  add(base, base, 'base');
  add(`${root}ing`, base, 'ing');
  if (base.endsWith('ie')) add(`${base.slice(0, -2)}ying`, base, 'ing');
  if (!withPast) return;
  const past = /[^aeiou]y$/.test(base) ? `${base.slice(0, -1)}ied` : `${root}ed`;
  add(past, base, 'past');
  add(past, base, 'participle');
}

for (const three of IRREGULAR.split(',')) {
  const [base = '', past = '', participle = ''] = three.split(' ');
  addRegular(base, /^(?:learn|dream|dive)$/.test(base));
  add(past, base, 'past');
  add(participle, base, 'participle');
}
for (const base of REGULAR.split(' ')) addRegular(base, true);
