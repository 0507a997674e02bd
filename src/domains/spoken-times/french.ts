import type { Rule, TimeLanguage } from './language.ts';
import * as named from './named.ts';

const LAST = '(?<last>derniere?|passee?)';
const THIS = '(?<this>ce|cet|cette)';

const relative: readonly Rule[] = [
  { pattern: 'avant[- ]hier(?:(?: au)? {part})?', read: named.dayAt(-2) },
  { pattern: "(?:(?:la|pendant l'|l')? ?)?avant-derniere nuit", read: named.dayAt(-2, 'night') },
  { pattern: '(?<!avant[- ])hier(?:(?: au)? {part})?', read: named.dayAt(-1) },
  { pattern: "aujourd'hui", read: named.dayAt(0) },
  { pattern: '(?:ce|cet|cette) {part}', read: named.dayAt(0) },
  { pattern: '(?:la nuit derniere|cette nuit)', read: named.dayAt(-1, 'night') },
  { pattern: `(?:(?:la|le) |l')?{unit} ${LAST}`, read: named.unitOf },
  { pattern: `${THIS} {unit}(?:-ci)?`, read: named.unitOf },
  {
    pattern: '(?:(?:au cours des|durant les|pendant les|dans les|les|des|ces) )?{n} derniers? {unit}',
    read: named.upToNow,
  },
  {
    pattern: '(?:(?:au cours des|durant les|pendant les|dans les|les|des|ces) )?{n} dernieres? {unit}',
    read: named.upToNow,
  },
  { pattern: 'il y a {n} {unit}', read: named.ago },
  { pattern: `(?:le )?{weekday} (?:de )?la semaine ${LAST}`, read: named.weekdayOfWeek },
  { pattern: `(?:le )?{weekday} (?:de )?(?<this>cette) semaine`, read: named.weekdayOfWeek },
  {
    pattern: `(?:le )?{weekday} de (?:la |l')?(?<beforeLast>avant-derniere) semaine`,
    read: named.weekdayOfWeek,
  },
  { pattern: `la semaine ${LAST},? (?:le )?{weekday}(?: {part})?`, read: named.weekdayOfWeek },
  { pattern: `(?<this>cette) semaine,? (?:le )?{weekday}(?: {part})?`, read: named.weekdayOfWeek },
  { pattern: `(?:le )?{weekday}(?: {part})? ${LAST}`, read: named.weekdayNamed },
  { pattern: '(?<this>ce) {weekday}(?: {part})?', read: named.weekdayNamed },
  { pattern: '{weekday}(?: {part})?', needsLead: true, read: named.weekdayNamed },
  { pattern: '(?<=\\S ){weekday}(?: {part})?(?= ?\\?* ?$)', read: named.weekdayNamed },
  { pattern: `(?:le )?week-?end ${LAST}`, read: named.weekendOf },
  { pattern: '(?<this>ce) week-?end', read: named.weekendOf },
  { pattern: 'week-?end', needsLead: true, read: named.weekendOf },
  { pattern: `(?:(?:en|le|la|au|a) |l')?(?:{month}|{season}|{holiday}) ${LAST}`, read: named.whichOf },
  { pattern: `${THIS} {season}`, read: named.whichOf },
  { pattern: "(?:(?:la|le) |l')?(?<beforeLast>avant-dernier(?:e)?) {unit}", read: named.unitOf },
  { pattern: "(?:le |l')?(?<beforeLast>avant-dernier) week-?end", read: named.weekendOf },
  { pattern: "(?:le |l')?(?<beforeLast>avant-dernier) {weekday}", read: named.weekdayNamed },
  { pattern: 'il y a (?:une? )?demi(?:e)?[- ]{unit}', read: named.halfAgo },
  { pattern: 'il y a {n} {unit} et demie?', read: named.oneHalfMoreAgo },
  { pattern: "l'autre jour", read: named.recently },
];

const absolute: readonly Rule[] = [
  { pattern: '{day}(?:er)? ?(?:-|–|au|et|a) ?(?:le )?{last} {month}(?: {year})?', read: named.dateNamed },
  { pattern: '{day}(?:er)? {month}(?: {year})?', read: named.dateNamed },
  { pattern: '{month} {year}', read: named.monthNamed },
  { pattern: "(?:mois (?:de |d'))?{month}", needsLead: true, read: named.monthNamed },
  { pattern: '(?<=\\ble ){day}(?= ?[?!.,]| ?$)', read: named.dayOfMonth },
  { pattern: "(?:l'annee |l'an )?{year}", needsLead: true, read: named.yearNamed },
  { pattern: "(?:l')?{season}(?: (?:de )?{year})?", needsLead: true, isTopic: true, read: named.seasonNamed },
  { pattern: '{holiday} {year}', read: named.holidayNamed },
  { pattern: '{holiday}', needsLead: true, isTopic: true, read: named.holidayNamed },
  { pattern: '{n} {month}(?: {year})?', needsLead: true, read: named.dateInWords },
  { pattern: '{nth} {month}(?: {year})?', needsLead: true, read: named.dateInWords },
  { pattern: "(?:la )?{nth} semaine (?:de |d'){month}(?: {year})?", read: named.weekOfMonth },
  { pattern: "(?:le )?{nth} week-?end (?:de |d'){month}(?: {year})?", read: named.weekendOfMonth },
  {
    pattern:
      "(?:les |des )?(?:{n} (?:(?<early>premier(?:e)?s)|dernieres?)) {unit} (?:de |d'){month}(?: {year})?",
    read: named.daysAtEnd,
  },
  {
    pattern:
      "(?:au |a la )?(?:(?<early>debut)|(?<middle>mi|milieu)|(?<late>fin))[ -](?:de |d')?(?:{month}(?: {year})?|{year})",
    read: named.thirdOf,
  },
  { pattern: '(?:le )?{nth} trimestre(?: (?:de )?{year})?', needsLead: true, read: named.quarterNamed },
  { pattern: 'semaine (?<week>\\d\\d?)(?: (?:de )?{year})?', needsLead: true, read: named.weekNamed },
  { pattern: '(?:les |des )?annees (?<decade>(?:19|20)?\\d0)', read: named.decadeNamed },
];

export const french: TimeLanguage = {
  hints:
    "qu'est qu'ai quoi quand ou qui que quel quelle quels comment j'ai ai as avons avez ont nous vous je tu il elle est etait le la les des du de un une avec pour mon ma mes fait parle dit passe semaine mois annee aujourd'hui avant-hier depuis",
  fillers:
    "qu'est ce que qu'est-ce qu'ai qu'avons qu'as quoi quand ou qui que quel quelle quels quelles comment pourquoi j'ai ai as a avons avez ont avais avait etait est sont c'est s'est nous vous je tu il elle on ils elles me te se le la les l' des du de d' un une et avec pour dans sur en au aux y mon ma mes notre nos fait faire fis parle parler parlions discute discuter dit dire dis mentionne note noter notai ecrit ecrire raconte passe passer arrive conversation conversations sujet sujets montre resume tout quelque chose choses heure moi j n ne pas l d qu c s t m",
  numbers: {
    ...{ un: 1, une: 1, deux: 2, trois: 3, quatre: 4, cinq: 5, six: 6, sept: 7, huit: 8, neuf: 9, dix: 10 },
    ...{ onze: 11, douze: 12, quinze: 15, vingt: 20, trente: 30 },
  },
  vague: { quelques: [3, 2], plusieurs: [4, 3] },
  units: {
    ...{ minute: 'minute', minutes: 'minute', heure: 'hour', heures: 'hour', jour: 'day', jours: 'day' },
    ...{
      semaine: 'week',
      semaines: 'week',
      mois: 'month',
      an: 'year',
      ans: 'year',
      annee: 'year',
      annees: 'year',
      trimestre: 'quarter',
    },
  },
  weekdays: ['lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'],
  months: [
    'janvier|janv\\b\\.?',
    'fevrier|fevr?\\b\\.?',
    'mars',
    'avril|avr\\b\\.?',
    'mai',
    'juin',
    'juillet|juil\\b\\.?',
    'aout',
    'septembre|sept\\.',
    'octobre|oct\\b\\.?',
    'novembre|nov\\b\\.?',
    'decembre|dec\\b\\.?',
  ],
  seasons: { printemps: 'spring', ete: 'summer', automne: 'autumn', hiver: 'winter' },
  holidays: {
    ...{
      'reveillon de noel': 'christmasEve',
      noel: 'christmas',
      'nouvel an': 'newYear',
      "jour de l'an": 'newYear',
    },
    ...{
      'saint-sylvestre': 'newYearsEve',
      paques: 'easter',
      pentecote: 'pentecost',
      'vendredi saint': 'goodFriday',
      epiphanie: 'epiphany',
      halloween: 'halloween',
      'saint-valentin': 'valentine',
    },
  },
  parts: { matin: 'morning', 'apres-midi': 'afternoon', soir: 'evening', soiree: 'evening', nuit: 'night' },
  leads: {
    at: '(?:le|en|a|au|pendant|durant|lors de|pour|de|vers)(?: le| la)?',
    since: '(?:depuis|apres)(?: le| la)?',
    before: "(?:avant|jusqu'a|jusqu'au|jusqu'en)(?: le| la)?",
    from: '(?:entre|du|de)(?: le)?',
  },
  to: '(?:a|au|et|et le|-|–)',
  ordinals: {
    ...{ premier: 1, deuxieme: 2, troisieme: 3, quatrieme: 4, cinquieme: 5 },
    ...{ derniere: -1, premiere: 1, seconde: 2, second: 2, dernier: -1 },
  },
  future: /\b(?:vais|allons|va|ferai|ferons|fera)\b/,
  past: /\b(?:ai|avons|as|a|etait|etais)\b/,
  clocks: [
    { pattern: '(?<hour>\\d\\d?) ?(?:h(?:eures?)?) ?(?<minute>[0-5]\\d)?' },
    { pattern: '(?<hour>\\d\\d?):(?<minute>\\d\\d)' },
    { pattern: '(?<hour>\\d\\d?) ?(?:h(?:eures?)?)? ?(?:-|–|et|a) ?(?<lastHour>\\d\\d?) ?h(?:eures?)?' },
    { pattern: '(?<noon>midi)' },
    { pattern: '(?<midnight>minuit)' },
    { pattern: "(?:dans )?(?:la |l'|le )?{part}(?: du)?", needsLead: true, needsDay: true },
  ],
  relative,
  absolute,
};
