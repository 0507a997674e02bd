import type { Rule, TimeLanguage } from './language.ts';
import * as named from './named.ts';

/** Behind a name that could also begin another one: "Sunday roast", "the 3rd floor". */
const ENDS =
  '(?= ?[?!.,;:)]| ?$| (?:and|or|at|in|on|with|to|about|for|from|when|while|that|i|we|you|he|she|they|my|our|last|this|did|was|were|please|again|night|morning|afternoon|evening)\\b)';
const CERTAIN_MONTHS = 'january|february|july|september|october|november|december';
/** Who is called so is asked for, or does something: "what did April say?". */
const NAMES =
  "(?<!\\b(?:did|do|does|is|was|has|had|can|will|would|should|and|with|to|than|who) )(?:april|june)(?!'s| (?:say|said|says|tell|told|tells|think|thinks|live|lives|like|likes|want|wants|go|goes|went|is|was|has|had|and)\\b)";
const NO_HOUR = '(?! ?(?:[ap]\\.?m\\b|:\\d|o.clock))';

const relative: readonly Rule[] = [
  { pattern: '(?:the )?day before yesterday(?: {part})?', read: named.dayAt(-2) },
  { pattern: "yesterday(?:'s)?(?: {part})?", read: named.dayAt(-1) },
  { pattern: "(?:earlier )?today(?:'s)?", read: named.dayAt(0) },
  { pattern: '(?:earlier )?this {part}', read: named.dayAt(0) },
  { pattern: 'tonight', read: named.dayAt(0, 'evening') },
  { pattern: 'last night', read: named.dayAt(-1, 'night') },
  { pattern: 'last evening', read: named.dayAt(-1, 'evening') },
  { pattern: '(?:the )?night before last', read: named.dayAt(-2, 'night') },
  { pattern: '(?:the )?{part} before last', read: named.dayAt(-2) },
  { pattern: "(?:the )?(?<last>last|previous) {unit}(?:'s)?(?! of\\b)", read: named.unitOf },
  { pattern: '(?:the )?past {unit}', read: named.upToNow },
  {
    pattern: '(?:(?:in|over|during|within|for) )?(?:the )?(?:last|past|previous) {n} {unit}(?! of\\b)',
    read: named.upToNow,
  },
  { pattern: "(?<this>this) {unit}(?:'s)?", read: named.unitOf },
  { pattern: '{n} {unit} (?:ago|back)', read: named.ago },
  {
    pattern: '(?:(?<last>last)|(?<this>this past|this)|past) {weekday}(?: {part})?',
    read: named.weekdayNamed,
  },
  { pattern: '{weekday}(?: of)? last week', read: named.weekdayOfLastWeek },
  {
    pattern: '(?:the )?{weekday}(?: of)? (?:(?<this>this)|the) week(?: (?<beforeLast>before last))?',
    read: named.weekdayOfWeek,
  },
  {
    pattern:
      '(?:(?<last>last|previous)|(?<this>this)|the) week(?: (?<beforeLast>before last))?,? (?:on )?{weekday}(?: {part})?',
    read: named.weekdayOfWeek,
  },
  { pattern: '{weekday}(?: {part})?(?! (?:before|after)\\b)', needsLead: true, read: named.weekdayNamed },
  // "What did we discuss Monday?"
  {
    pattern: '(?<=\\S )(?<!every |each |next )(?!sun\\b|sat\\b){weekday}(?: {part})?(?= ?\\?* ?$)',
    read: named.weekdayNamed,
  },
  { pattern: '(?:(?<last>last|previous)|(?<this>this)|past) weekend', read: named.weekendOf },
  { pattern: 'weekend', needsLead: true, read: named.weekendOf },
  {
    pattern: '(?<last>last) (?:{month}|{season}|{holiday}(?: (?:day|break|holidays?))?)',
    read: named.whichOf,
  },
  { pattern: '(?<this>this) (?:past )?(?:{season}|{holiday}(?: day)?)', read: named.whichOf },
  { pattern: '(?:the )?{unit} (?<beforeLast>before last)', read: named.unitOf },
  { pattern: '(?:the )?weekend (?<beforeLast>before last)', read: named.weekendOf },
  { pattern: '(?:the )?{weekday} (?<beforeLast>before last)', read: named.weekdayNamed },
  { pattern: '(?:the )?(?:{month}|{season}|{holiday}) (?<beforeLast>before last)', read: named.whichOf },
  { pattern: 'half an? {unit} ago', read: named.halfAgo },
  { pattern: '{n} {unit} and a half ago', read: named.oneHalfMoreAgo },
  { pattern: '{n} and a half {unit} ago', read: named.oneHalfMoreAgo },
  { pattern: '{n} {unit} ago today', read: named.ago },
  { pattern: '{n} fortnights? ago', read: named.fortnightsAgo },
  { pattern: 'the other day', read: named.recently },
];

const absolute: readonly Rule[] = [
  {
    pattern:
      '(?:the )?{day}(?:st|nd|rd|th)? ?(?:-|–|and|to|until|till|through) ?(?:the )?{last}(?:st|nd|rd|th)?(?: of)? {month}(?:(?:, ?| ){year})?',
    read: named.dateNamed,
  },
  {
    pattern:
      '{month} {day}(?:st|nd|rd|th)? ?(?:-|–|and|to|until|through) ?{last}(?:st|nd|rd|th)?(?:(?:, ?| ){year})?',
    read: named.dateNamed,
  },
  { pattern: '(?:the )?{day}(?:st|nd|rd|th)?(?: of)? {month}(?:(?:, ?| ){year})?', read: named.dateNamed },
  {
    pattern: `{month} (?:the )?{day}(?:st|nd|rd|th)?(?!\\d)${NO_HOUR}(?:(?:, ?| ){year})?`,
    read: named.dateNamed,
  },
  { pattern: '{month}(?: of)?,? {year}', read: named.monthNamed },
  { pattern: '{month}', needsLead: true, read: named.monthNamed },
  // No other word is spelt like these; what they favour, their words find as well.
  {
    pattern: `(?<!\\d(?:st|nd|rd|th)? (?:of )?)(?<month>${CERTAIN_MONTHS}|${NAMES})(?! \\d)`,
    isTopic: true,
    read: named.monthNamed,
  },
  { pattern: `(?<=\\bon )the {day}(?:st|nd|rd|th)${ENDS}`, read: named.dayOfMonth },
  { pattern: '(?<!in )the {day}(?:st|nd|rd|th)(?= ?\\?* ?$)', read: named.dayOfMonth },
  { pattern: '(?:the )?(?:year )?{year}', needsLead: true, read: named.yearNamed },
  { pattern: '(?:the )?{season}(?: of)? {year}', read: named.seasonNamed },
  { pattern: `(?:the )?{season}${ENDS}`, needsLead: true, isTopic: true, read: named.seasonNamed },
  { pattern: '{holiday}(?: day)?(?: of)? {year}', read: named.holidayNamed },
  {
    pattern: `{holiday}(?: (?:day|break|holidays?))?${ENDS}`,
    needsLead: true,
    isTopic: true,
    read: named.holidayNamed,
  },
  { pattern: '(?:the )?{nth} of {month}(?:(?:, ?| ){year})?', read: named.dateInWords },
  { pattern: '{month} the {nth}(?:(?:, ?| ){year})?', read: named.dateInWords },
  { pattern: '(?:the )?{nth} week (?:of|in) {month}(?:(?:, ?| | of ){year})?', read: named.weekOfMonth },
  {
    pattern: '(?:the )?{nth} weekend (?:of|in) {month}(?:(?:, ?| | of ){year})?',
    read: named.weekendOfMonth,
  },
  {
    pattern: '(?:the )?(?:(?<early>first)|last|final) {n} {unit} (?:of|in) {month}(?:(?:, ?| | of ){year})?',
    read: named.daysAtEnd,
  },
  {
    pattern:
      '(?:the )?(?:(?<early>beginning|start)|(?<middle>middle)|(?<late>end)) of (?:{month}(?:(?:, ?| | of ){year})?|{year})',
    read: named.thirdOf,
  },
  {
    pattern:
      '(?:(?<early>early)|(?<middle>mid)|(?<late>late))[ -](?:{month}(?:(?:, ?| | of ){year})?|{year})',
    needsLead: true,
    read: named.thirdOf,
  },
  { pattern: '(?:the )?{nth} quarter(?:(?: of)? {year})?', needsLead: true, read: named.quarterNamed },
  {
    pattern: '(?:calendar )?week (?<week>\\d\\d?)(?! of (?:the|my|our|a)\\b)(?:(?: of|,)? {year})?',
    needsLead: true,
    read: named.weekNamed,
  },
  { pattern: "(?:the )?'?(?<decade>(?:19|20)?\\d0)'?s", needsLead: true, read: named.decadeNamed },
];

export const english: TimeLanguage = {
  hints:
    'what when where who which how did do does was were is are have has had i we you my our they he she it the of and to about with for tell me show any anything there yesterday today tonight last ago this week month year morning evening night weekend monday tuesday wednesday thursday friday saturday sunday',
  fillers:
    'what when where who whom whose which how why did do does was were is are be been am have has had can could would will i we you me us it he she they them my mine our ours your yours his her their s d ll ve re m t the a an of and or to about with for from in on at by there that this these those any some all ever just also else not please let look back talk talked talking discuss discussed speak spoke chat chatted mention mentioned say said tell told ask asked happen happened happening go went going on note noted write wrote written down record recorded did do done doing anything something everything things thing stuff remember recall conversation conversations topic topics show list find give summarize summarise summary us time around please ago back later earlier so far new up like occur occurred events event activities activity',
  numbers: {
    ...{
      a: 1,
      an: 1,
      one: 1,
      two: 2,
      three: 3,
      four: 4,
      five: 5,
      six: 6,
      seven: 7,
      eight: 8,
      nine: 9,
      ten: 10,
    },
    ...{ eleven: 11, twelve: 12, thirteen: 13, fourteen: 14, fifteen: 15, twenty: 20, thirty: 30 },
  },
  vague: {
    ...{ 'a couple of': [2, 1], 'a couple': [2, 1], 'a few': [3, 2], few: [3, 2], several: [4, 3] },
    ...{ 'couple of': [2, 1], couple: [2, 1] },
  },
  units: {
    ...{ minute: 'minute', minutes: 'minute', hour: 'hour', hours: 'hour', day: 'day', days: 'day' },
    ...{
      week: 'week',
      weeks: 'week',
      month: 'month',
      months: 'month',
      year: 'year',
      years: 'year',
      quarter: 'quarter',
    },
  },
  weekdays: [
    'mondays?',
    'tuesdays?|tues?',
    'wednesdays?|wed',
    'thursdays?|thurs?',
    'fridays?|fri',
    'saturdays?',
    'sundays?',
  ].map((names) => names.replaceAll('days?', 'day')),
  months: [
    'january|jan\\b\\.?',
    'february|feb\\b\\.?',
    'march|mar\\b\\.?',
    'april|apr\\b\\.?',
    'may',
    'june|jun\\b\\.?',
    'july|jul\\b\\.?',
    'august|aug\\b\\.?',
    'september|sept?\\b\\.?',
    'october|oct\\b\\.?',
    'november|nov\\b\\.?',
    'december|dec\\b\\.?',
  ],
  seasons: { spring: 'spring', summer: 'summer', autumn: 'autumn', fall: 'autumn', winter: 'winter' },
  holidays: {
    ...{
      'christmas eve': 'christmasEve',
      christmas: 'christmas',
      xmas: 'christmas',
      "new year's eve": 'newYearsEve',
    },
    ...{
      'new years eve': 'newYearsEve',
      "new year's": 'newYear',
      'new years': 'newYear',
      'new year': 'newYear',
    },
    ...{
      'boxing day': 'boxingDay',
      'good friday': 'goodFriday',
      pentecost: 'pentecost',
      epiphany: 'epiphany',
    },
    ...{ easter: 'easter', halloween: 'halloween', thanksgiving: 'thanksgiving' },
    ...{ "valentine's": 'valentine', valentines: 'valentine' },
  },
  parts: { morning: 'morning', afternoon: 'afternoon', evening: 'evening', night: 'night' },
  leads: {
    at: '(?:on|in|at|over|during|throughout|around|back in|(?:early|late|end|start|beginning|middle) (?:in|of))(?: the)?',
    since: '(?:ever )?(?:since|after)(?: the)?',
    before: '(?:before|until|till|up to)(?: the)?',
    from: '(?:from|between)(?: the)?',
  },
  to: '(?:to|and|until|till|through|-|–)',
  ordinals: {
    ...{ first: 1, second: 2, third: 3, fourth: 4, fifth: 5 },
    ...{ sixth: 6, seventh: 7, eighth: 8, ninth: 9, tenth: 10 },
    ...{ eleventh: 11, twelfth: 12, thirteenth: 13, fourteenth: 14, fifteenth: 15 },
    ...{ sixteenth: 16, seventeenth: 17, eighteenth: 18, nineteenth: 19, twentieth: 20 },
    ...{
      'twenty-first': 21,
      'twenty-second': 22,
      'twenty-third': 23,
      'twenty-fourth': 24,
      'twenty-fifth': 25,
    },
    ...{ 'twenty-sixth': 26, 'twenty-seventh': 27, 'twenty-eighth': 28, 'twenty-ninth': 29, thirtieth: 30 },
    ...{ 'thirty-first': 31, last: -1 },
  },
  future: /\b(?:will|shall|'ll|going to)\b/,
  past: /\b(?:did|was|were|had|said|told)\b/,
  clocks: [
    {
      pattern:
        "(?<hour>\\d\\d?)(?:[:.](?<minute>\\d\\d))? ?(?:(?<am>a\\.?m\\b\\.?)|(?<pm>p\\.?m\\b\\.?)|o'clock)",
    },
    { pattern: '(?<hour>\\d\\d?):(?<minute>\\d\\d)' },
    {
      pattern:
        '(?<hour>\\d\\d?)(?: ?[ap]\\.?m\\b\\.?)? ?(?:-|–|and|to) ?(?<lastHour>\\d\\d?) ?(?:(?<am>a\\.?m\\b\\.?)|(?<pm>p\\.?m\\b\\.?))',
    },
    { pattern: '(?<noon>noon|midday|lunchtime)' },
    { pattern: '(?<midnight>midnight)' },
    { pattern: '(?:the )?{part}(?: of)?', needsLead: true, needsDay: true },
  ],
  relative,
  absolute,
};
