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

const LAST = '(?<last>(?:letzt|vorig|vergangen)e[nmrs]?)';
const THIS = '(?<this>diese[nmrs]?)';

const relative: readonly Rule[] = [
  { pattern: 'vorgestern(?: {part})?', read: dayAt(-2) },
  { pattern: 'gestern(?: {part})?', read: dayAt(-1) },
  { pattern: 'heute(?: {part})?', read: dayAt(0) },
  { pattern: '(?:letzte|vergangene|heute) nacht', read: dayAt(-1, 'night') },
  { pattern: `(?:der |die |das )?(?:${LAST}|${THIS}) {unit}`, read: unitOf },
  {
    pattern: '(?:in |wahrend |uber )?(?:den |die |der )?(?:letzte|vergangene|vorige)n? {n} {unit}',
    read: upToNow,
  },
  { pattern: 'vor {n} {unit}', read: ago },
  { pattern: `(?:am |an |der |den )?(?:${LAST}|${THIS}) {weekday}(?: {part})?`, read: weekdayNamed },
  { pattern: '{weekday} (?:der )?(?:letzte|vorige|vergangene)r? woche', read: weekdayOfLastWeek },
  { pattern: '{weekday}(?:{part}| {part})?', needsLead: true, read: weekdayNamed },
  { pattern: `(?:am )?(?:${LAST}|${THIS}) wochenende`, read: weekendOf },
  { pattern: 'wochenende', needsLead: true, read: weekendOf },
  { pattern: `(?:im |in |an |zu |uber )?(?:${LAST}|${THIS}) (?:{month}|{season}|{holiday})`, read: whichOf },
];

const absolute: readonly Rule[] = [
  {
    pattern:
      '(?:dem |den )?{day}\\.? ?(?:-|–|bis(?: zum)?|und) ?(?:dem |den )?{last}\\.? {month}(?: {year})?',
    read: dateNamed,
  },
  { pattern: '{day}\\.? {month}(?: {year})?', read: dateNamed },
  { pattern: '{month} {year}', read: monthNamed },
  { pattern: '(?:anfang |mitte |ende )?{month}', needsLead: true, read: monthNamed },
  {
    pattern:
      '(?<=\\bam ){day}\\.(?= ?[?!.,]| ?$| [a-z])(?! ?(?:stock|januar|februar|marz|april|mai|jun|jul|aug|sep|okt|nov|dez))',
    read: dayOfMonth,
  },
  { pattern: '(?:jahre? )?{year}', needsLead: true, read: yearNamed },
  { pattern: '{season}(?: {year})?', needsLead: true, isTopic: true, read: seasonNamed },
  { pattern: '{holiday} {year}', read: holidayNamed },
  { pattern: '{holiday}', needsLead: true, isTopic: true, read: holidayNamed },
  { pattern: 'an {holiday}', isTopic: true, read: holidayNamed },
];

export const german: TimeLanguage = {
  hints:
    'wann wo wer wie warum welche welcher welches worum woruber wovon haben habe hatte hatten ich wir du ihr er der das den dem und mit von zum zur im ist sind waren mir mich uns gemacht gesagt besprochen passiert gestern vorgestern heute woche letzte letzten letztes seit',
  fillers:
    'was wann wo wer wie warum welche welcher welches welchen wozu worum woruber wovon woran haben habe hast hat hatte hatten hattest ich wir du ihr er sie es man mir mich dir uns euch der die das den dem des ein eine einen einem und oder aber denn so auch noch mal denn dann da es ist sind war waren bin wurde wurden wird mit von zu zum zur im in an am auf bei fur uber um aus nach als es geht ging gab gibt alles etwas los passiert passierte geschah geschehen gemacht machte machten getan tat taten tun machen gesagt sagte sagten sagen gesprochen sprachen geredet redeten reden besprochen besprachen erzahlt erzahlte erzahlten erwahnt erwahnte unternommen zeig zeige liste fasse zusammen bitte gespräch gesprach gesprache thema themen jahr tag',
  numbers: {
    ...{
      ein: 1,
      eine: 1,
      einem: 1,
      einer: 1,
      einen: 1,
      zwei: 2,
      drei: 3,
      vier: 4,
      funf: 5,
      sechs: 6,
      sieben: 7,
    },
    ...{ acht: 8, neun: 9, zehn: 10, elf: 11, zwolf: 12, vierzehn: 14, zwanzig: 20, dreissig: 30 },
  },
  vague: { 'ein paar': [3, 2], paar: [3, 2], einigen: [4, 3], einige: [4, 3], mehreren: [4, 3] },
  units: {
    ...{
      minute: 'minute',
      minuten: 'minute',
      stunde: 'hour',
      stunden: 'hour',
      tag: 'day',
      tage: 'day',
      tagen: 'day',
    },
    ...{ woche: 'week', wochen: 'week', monat: 'month', monate: 'month', monaten: 'month', monats: 'month' },
    ...{ jahr: 'year', jahre: 'year', jahren: 'year', jahres: 'year' },
  },
  weekdays: ['montag', 'dienstag', 'mittwoch', 'donnerstag', 'freitag', 'samstag|sonnabend', 'sonntag'],
  months: [
    'januar|janner|jan\\b\\.?',
    'februar|feber|feb\\b\\.?',
    'marz|maerz',
    'april|apr\\b\\.?',
    'mai',
    'juni|jun\\b\\.?',
    'juli|jul\\b\\.?',
    'august|aug\\b\\.?',
    'september|sept?\\b\\.?',
    'oktober|okt\\b\\.?',
    'november|nov\\b\\.?',
    'dezember|dez\\b\\.?',
  ],
  seasons: { fruhling: 'spring', fruhjahr: 'spring', sommer: 'summer', herbst: 'autumn', winter: 'winter' },
  holidays: {
    ...{
      weihnachten: 'christmas',
      heiligabend: 'christmasEve',
      'heiligen abend': 'christmasEve',
      silvester: 'newYearsEve',
    },
    ...{ neujahr: 'newYear', ostern: 'easter', halloween: 'halloween', valentinstag: 'valentine' },
  },
  parts: {
    ...{
      morgen: 'morning',
      fruh: 'morning',
      vormittag: 'morning',
      mittag: 'afternoon',
      nachmittag: 'afternoon',
    },
    ...{ abend: 'evening', nacht: 'night' },
  },
  leads: {
    at: '(?:am|im|in|zu|uber|um|wahrend|anno|von)(?: dem| der| den)?',
    since: '(?:seit|nach|ab)(?: dem| der| den)?',
    before: '(?:bis(?: zum)?|vor)(?: dem| der)?',
    from: '(?:zwischen|vom|von)(?: dem| der)?',
  },
  to: '(?:bis(?: zum)?|und|-|–)',
  rules: [...relative.map((rule) => ({ ...rule, isRelative: true })), ...absolute],
};
