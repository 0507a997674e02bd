import type { Rule, TimeLanguage } from './language.ts';
import {
  ago,
  dateNamed,
  dayAt,
  dayOfMonth,
  holidayNamed,
  monthNamed,
  seasonNamed,
  unitOf,
  upToNow,
  weekdayNamed,
  weekdayOfLastWeek,
  weekendOf,
  whichOf,
  yearNamed,
} from './named.ts';

/** Behind a name that could also begin another one: "Sunday roast", "the 3rd floor". */
const ENDS =
  '(?= ?[?!.,;:)]| ?$| (?:and|or|at|in|on|with|to|about|for|from|when|while|that|i|we|you|he|she|they|my|our|last|this|did|was|were|please|again|night|morning|afternoon|evening)\\b)';
const CERTAIN_MONTHS = 'january|february|april|june|july|september|october|november|december';
const NO_HOUR = '(?! ?(?:[ap]\\.?m\\b|:\\d|o.clock))';

const relative: readonly Rule[] = [
  { pattern: '(?:the )?day before yesterday(?: {part})?', read: dayAt(-2) },
  { pattern: "yesterday(?:'s)?(?: {part})?", read: dayAt(-1) },
  { pattern: "(?:earlier )?today(?:'s)?", read: dayAt(0) },
  { pattern: '(?:earlier )?this {part}', read: dayAt(0) },
  { pattern: 'tonight', read: dayAt(0, 'evening') },
  { pattern: 'last night', read: dayAt(-1, 'night') },
  { pattern: 'last evening', read: dayAt(-1, 'evening') },
  { pattern: "(?:the )?(?<last>last|previous) {unit}(?:'s)?(?! of\\b)", read: unitOf },
  { pattern: '(?:the )?past {unit}', read: upToNow },
  {
    pattern: '(?:(?:in|over|during|within|for) )?(?:the )?(?:last|past|previous) {n} {unit}(?! of\\b)',
    read: upToNow,
  },
  { pattern: "(?<this>this) {unit}(?:'s)?", read: unitOf },
  { pattern: '{n} {unit} (?:ago|back)', read: ago },
  { pattern: '(?:(?<last>last)|(?<this>this past|this)|past) {weekday}(?: {part})?', read: weekdayNamed },
  { pattern: '{weekday}(?: of)? last week', read: weekdayOfLastWeek },
  { pattern: '{weekday}(?: {part})?(?! (?:before|after)\\b)', needsLead: true, read: weekdayNamed },
  // "What did we discuss Monday?"
  {
    pattern: '(?<=\\S )(?<!every |each |next )(?!sun\\b|sat\\b){weekday}(?: {part})?(?= ?\\?* ?$)',
    read: weekdayNamed,
  },
  { pattern: '(?:(?<last>last|previous)|(?<this>this)|past) weekend', read: weekendOf },
  { pattern: 'weekend', needsLead: true, read: weekendOf },
  { pattern: '(?<last>last) (?:{month}|{season}|{holiday}(?: (?:day|break|holidays?))?)', read: whichOf },
  { pattern: '(?<this>this) (?:past )?(?:{season}|{holiday}(?: day)?)', read: whichOf },
];

const absolute: readonly Rule[] = [
  {
    pattern:
      '(?:the )?{day}(?:st|nd|rd|th)? ?(?:-|–|and|to|until|till|through) ?(?:the )?{last}(?:st|nd|rd|th)?(?: of)? {month}(?:(?:, ?| ){year})?',
    read: dateNamed,
  },
  {
    pattern:
      '{month} {day}(?:st|nd|rd|th)? ?(?:-|–|and|to|until|through) ?{last}(?:st|nd|rd|th)?(?:(?:, ?| ){year})?',
    read: dateNamed,
  },
  { pattern: '(?:the )?{day}(?:st|nd|rd|th)?(?: of)? {month}(?:(?:, ?| ){year})?', read: dateNamed },
  { pattern: `{month} (?:the )?{day}(?:st|nd|rd|th)?(?!\\d)${NO_HOUR}(?:(?:, ?| ){year})?`, read: dateNamed },
  { pattern: '{month}(?: of)?,? {year}', read: monthNamed },
  { pattern: '(?:early |late |mid[- ]?)?{month}', needsLead: true, read: monthNamed },
  // No other word is spelt like these; what they favour, their words find as well.
  {
    pattern: `(?<!\\d(?:st|nd|rd|th)? (?:of )?)(?<month>${CERTAIN_MONTHS})(?! \\d)`,
    isTopic: true,
    read: monthNamed,
  },
  { pattern: `(?<=\\bon )the {day}(?:st|nd|rd|th)${ENDS}`, read: dayOfMonth },
  { pattern: '(?<!in )the {day}(?:st|nd|rd|th)(?= ?\\?* ?$)', read: dayOfMonth },
  { pattern: '(?:the )?(?:year )?{year}', needsLead: true, read: yearNamed },
  { pattern: '(?:the )?{season}(?: of)? {year}', read: seasonNamed },
  { pattern: `(?:the )?{season}${ENDS}`, needsLead: true, isTopic: true, read: seasonNamed },
  { pattern: '{holiday}(?: day)?(?: of)? {year}', read: holidayNamed },
  {
    pattern: `{holiday}(?: (?:day|break|holidays?))?${ENDS}`,
    needsLead: true,
    isTopic: true,
    read: holidayNamed,
  },
];

export const english: TimeLanguage = {
  hints:
    'what when where who which how did do does was were is are have has had i we you my our they he she it the of and to about with for tell me show any anything there yesterday today tonight last ago this week month year morning evening night weekend monday tuesday wednesday thursday friday saturday sunday',
  fillers:
    'what when where who whom whose which how why did do does was were is are be been am have has had can could would will i we you me us it he she they them my mine our ours your yours his her their s d ll ve re m t the a an of and or to about with for from in on at by there that this these those any some all ever just also else not please let look back talk talked talking discuss discussed speak spoke chat chatted mention mentioned say said tell told ask asked happen happened happening go went going on note noted record recorded did do done doing anything something everything things thing stuff remember recall conversation conversations topic topics show list find give summarize summarise summary us time around please ago back later earlier so far new up like occur occurred events event activities activity',
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
    ...{ week: 'week', weeks: 'week', month: 'month', months: 'month', year: 'year', years: 'year' },
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
  rules: [...relative.map((rule) => ({ ...rule, isRelative: true })), ...absolute],
};
