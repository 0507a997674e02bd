import type { Rule, TimeLanguage } from './language.ts';
import * as named from './named.ts';

const LAST = '(?<last>(?:letzt|vorig|vergangen)e[nmrs]?)';
const THIS = '(?<this>diese[nmrs]?)';

const relative: readonly Rule[] = [
  { pattern: 'vorgestern(?: {part})?', read: named.dayAt(-2) },
  { pattern: 'gestern(?: {part})?', read: named.dayAt(-1) },
  { pattern: 'heute(?: {part})?', read: named.dayAt(0) },
  { pattern: '(?:letzte|vergangene|heute) nacht', read: named.dayAt(-1, 'night') },
  { pattern: `(?:der |die |das )?(?:${LAST}|${THIS}) {unit}`, read: named.unitOf },
  {
    pattern: '(?:in |wahrend |uber )?(?:den |die |der )?(?:letzte|vergangene|vorige)n? {n} {unit}',
    read: named.upToNow,
  },
  { pattern: 'vor {n} {unit}', read: named.ago },
  { pattern: `(?:am |an |der |den )?(?:${LAST}|${THIS}) {weekday}(?: {part})?`, read: named.weekdayNamed },
  {
    pattern: `{weekday} (?:in )?(?:der )?(?:${LAST}|${THIS}|(?<beforeLast>vorletzte[nr]?)) woche`,
    read: named.weekdayOfWeek,
  },
  {
    pattern: `(?:in der )?(?:${LAST}|${THIS}|(?<beforeLast>vorletzte[nr]?)) woche,? (?:am )?{weekday}(?:{part}| {part})?`,
    read: named.weekdayOfWeek,
  },
  { pattern: '{weekday}(?:{part}| {part})?', needsLead: true, read: named.weekdayNamed },
  { pattern: '{weekday}{part}', read: named.weekdayNamed },
  {
    pattern: '(?<=\\b(?:ich|wir|du|ihr|sie|er|es|man|war|waren|wurde|wurden|hat) ){weekday}(?: {part})?',
    read: named.weekdayNamed,
  },
  { pattern: `(?:am )?(?:${LAST}|${THIS}) wochenende`, read: named.weekendOf },
  { pattern: 'wochenende', needsLead: true, read: named.weekendOf },
  {
    pattern: `(?:im |in |an |zu |uber )?(?:${LAST}|${THIS}) (?:{month}|{season}|{holiday})`,
    read: named.whichOf,
  },
  { pattern: 'vorvorgestern(?: {part})?', read: named.dayAt(-3) },
  { pattern: '(?:die |der |in der )?vorletzten? nacht', read: named.dayAt(-2, 'night') },
  { pattern: '(?:die |das |den |im |in der )?(?<beforeLast>vorletzte[nmrs]?) {unit}', read: named.unitOf },
  { pattern: '(?:am )?(?<beforeLast>vorletzte[nmrs]?) wochenende', read: named.weekendOf },
  { pattern: '(?:am )?(?<beforeLast>vorletzte[nmrs]?) {weekday}', read: named.weekdayNamed },
  {
    pattern: '(?:im |an )?(?<beforeLast>vorletzte[nmrs]?) (?:{month}|{season}|{holiday})',
    read: named.whichOf,
  },
  { pattern: 'vor (?:einer|einem) halben {unit}', read: named.halfAgo },
  { pattern: 'vor (?:anderthalb|eineinhalb) {unit}', read: named.oneHalfMoreAgo },
  { pattern: '(?:neulich|letztens|kurzlich)', read: named.recently },
];

const absolute: readonly Rule[] = [
  {
    pattern:
      '(?:dem |den )?{day}\\.? ?(?:-|–|bis(?: zum)?|und) ?(?:dem |den )?{last}\\.? {month}(?: {year})?',
    read: named.dateNamed,
  },
  { pattern: '{day}\\.? {month}(?: {year})?', read: named.dateNamed },
  { pattern: '{month} {year}', read: named.monthNamed },
  { pattern: '{month}', needsLead: true, read: named.monthNamed },
  {
    pattern:
      '(?<=\\bam ){day}\\.(?= ?[?!.,]| ?$| [a-z])(?! ?(?:stock|januar|februar|marz|april|mai|jun|jul|aug|sep|okt|nov|dez))',
    read: named.dayOfMonth,
  },
  { pattern: '(?:jahre? )?{year}', needsLead: true, read: named.yearNamed },
  { pattern: '{season}(?: {year})?', needsLead: true, isTopic: true, read: named.seasonNamed },
  { pattern: '{holiday} {year}', read: named.holidayNamed },
  { pattern: '{holiday}', needsLead: true, isTopic: true, read: named.holidayNamed },
  { pattern: '(?<=\\bwar ){holiday}', isTopic: true, read: named.holidayNamed },
  { pattern: 'an {holiday}', isTopic: true, read: named.holidayNamed },
  { pattern: '(?:der |dem |den )?{nth} {month}(?: {year})?', needsLead: true, read: named.dateInWords },
  { pattern: '(?:der |die |das )?{nth} woche (?:im |des )?{month}s?(?: {year})?', read: named.weekOfMonth },
  { pattern: '(?:der |die |das )?{nth} {month}woche(?: {year})?', read: named.weekOfMonth },
  {
    pattern: '(?:das |dem )?{nth} (?:wochenende (?:im |des )?{month}s?|{month}wochenende)(?: {year})?',
    read: named.weekendOfMonth,
  },
  {
    pattern:
      '(?:der |die |den )?(?:(?<early>erste[nr]?)|letzte[nr]?) {n} {unit} (?:im |des )?{month}s?(?: {year})?',
    read: named.daysAtEnd,
  },
  {
    pattern:
      '(?:(?<early>anfang)|(?<middle>mitte)|(?<late>ende)) (?:des (?:jahres|monats) )?(?:{month}(?: {year})?|{year})',
    read: named.thirdOf,
  },
  { pattern: '{nth} quartal(?: (?:von )?{year})?', needsLead: true, read: named.quarterNamed },
  {
    pattern: '(?:kw|kalenderwoche|woche) (?<week>\\d\\d?)(?: {year})?',
    needsLead: true,
    read: named.weekNamed,
  },
  { pattern: 'kw ?(?<week>\\d\\d?)(?:[ /]{year})?', read: named.weekNamed },
  { pattern: '(?<decade>(?:19|20)?\\d0)er(?:n|jahren?| jahren?)?', needsLead: true, read: named.decadeNamed },
];

export const german: TimeLanguage = {
  hints:
    'wann wo wer wie warum welche welcher welches worum woruber wovon haben habe hatte hatten ich wir du ihr er der das den dem und mit von zum zur im ist sind waren mir mich uns gemacht gesagt besprochen passiert gestern vorgestern heute woche letzte letzten letztes seit war vor stand standen fand fanden lief liefen kam kamen ging gab los beim',
  fillers:
    'was wann wo wer wie warum welche welcher welches welchen wozu worum woruber wovon woran haben habe hast hat hatte hatten hattest ich wir du ihr er sie es man mir mich dir uns euch der die das den dem des ein eine einen einem und oder aber denn so auch noch mal denn dann da es ist sind war waren bin wurde wurden wird mit von zu zum zur im in an am auf bei fur uber um aus nach als es geht ging gab gibt alles etwas los passiert passierte geschah geschehen gemacht machte machten getan tat taten tun machen gesagt sagte sagten sagen gesprochen sprachen geredet redeten reden besprochen besprachen notiert notierte notierten vermerkt aufgeschrieben geschrieben festgehalten berichtet berichtete stand standen anstand erzahlt erzahlte erzahlten erwahnt erwahnte unternommen zeig zeige liste fasse zusammen bitte gespräch gesprach gesprache thema themen jahr tag',
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
    ...{
      jahr: 'year',
      jahre: 'year',
      jahren: 'year',
      jahres: 'year',
      quartal: 'quarter',
      quartals: 'quarter',
    },
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
    ...{ karfreitag: 'goodFriday', pfingsten: 'pentecost', 'zweiten weihnachtstag': 'boxingDay' },
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
  ordinals: {
    ...{ erste: 1, ersten: 1, erster: 1, erstes: 1, erstem: 1 },
    ...{ zweite: 2, zweiten: 2, zweiter: 2, zweites: 2, zweitem: 2 },
    ...{ dritte: 3, dritten: 3, dritter: 3, drittes: 3, drittem: 3 },
    ...{ vierte: 4, vierten: 4, vierter: 4, viertes: 4, viertem: 4 },
    ...{ funfte: 5, funften: 5, funfter: 5, funftes: 5, funftem: 5 },
    ...{ sechste: 6, sechsten: 6, sechster: 6, sechstes: 6, sechstem: 6 },
    ...{ siebte: 7, siebten: 7, siebter: 7, siebtes: 7, siebtem: 7 },
    ...{ achte: 8, achten: 8, achter: 8, achtes: 8, achtem: 8 },
    ...{ neunte: 9, neunten: 9, neunter: 9, neuntes: 9, neuntem: 9 },
    ...{ zehnte: 10, zehnten: 10, zehnter: 10, zehntes: 10, zehntem: 10 },
    ...{ elfte: 11, elften: 11, elfter: 11, elftes: 11, elftem: 11 },
    ...{ zwolfte: 12, zwolften: 12, zwolfter: 12, zwolftes: 12, zwolftem: 12 },
    ...{ letzte: -1, letzten: -1, letzter: -1, letztes: -1, letztem: -1 },
  },
  future: /\b(?:werde|wird|werden|wirst)\b/,
  past: /\b(?:habe|hatte|war|waren|sagte|wurde|wurden)\b/,
  clocks: [
    { pattern: '(?<hour>\\d\\d?)(?:[:.](?<minute>\\d\\d))? ?(?:uhr|h)' },
    { pattern: '(?<hour>\\d\\d?):(?<minute>\\d\\d)' },
    { pattern: '(?<hour>\\d\\d?)(?: uhr)? ?(?:-|–|und|bis) ?(?<lastHour>\\d\\d?) ?uhr' },
    { pattern: '(?<midnight>mitternacht)' },
    { pattern: '{part}s?', needsLead: true, needsDay: true },
    { pattern: '(?<noon>mittags?)', needsLead: true, needsDay: true },
  ],
  relative,
  absolute,
};
