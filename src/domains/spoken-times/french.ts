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

const LAST = '(?<last>derniere?|passee?)';
const THIS = '(?<this>ce|cet|cette)';

const relative: readonly Rule[] = [
  { pattern: 'avant[- ]hier(?:(?: au)? {part})?', read: dayAt(-2) },
  { pattern: '(?<!avant[- ])hier(?:(?: au)? {part})?', read: dayAt(-1) },
  { pattern: "aujourd'hui", read: dayAt(0) },
  { pattern: '(?:ce|cet|cette) {part}', read: dayAt(0) },
  { pattern: '(?:la nuit derniere|cette nuit)', read: dayAt(-1, 'night') },
  { pattern: `(?:(?:la|le) |l')?{unit} ${LAST}`, read: unitOf },
  { pattern: `${THIS} {unit}(?:-ci)?`, read: unitOf },
  {
    pattern: '(?:(?:au cours des|durant les|pendant les|dans les|les|des|ces) )?{n} derniers? {unit}',
    read: upToNow,
  },
  {
    pattern: '(?:(?:au cours des|durant les|pendant les|dans les|les|des|ces) )?{n} dernieres? {unit}',
    read: upToNow,
  },
  { pattern: 'il y a {n} {unit}', read: ago },
  { pattern: `(?:le )?{weekday} (?:de la semaine (?:derniere|passee))`, read: weekdayOfLastWeek },
  { pattern: `(?:le )?{weekday}(?: {part})? ${LAST}`, read: weekdayNamed },
  { pattern: '(?<this>ce) {weekday}(?: {part})?', read: weekdayNamed },
  { pattern: '{weekday}(?: {part})?', needsLead: true, read: weekdayNamed },
  { pattern: '(?<=\\S ){weekday}(?: {part})?(?= ?\\?* ?$)', read: weekdayNamed },
  { pattern: `(?:le )?week-?end ${LAST}`, read: weekendOf },
  { pattern: '(?<this>ce) week-?end', read: weekendOf },
  { pattern: 'week-?end', needsLead: true, read: weekendOf },
  { pattern: `(?:(?:en|le|la|au|a) |l')?(?:{month}|{season}|{holiday}) ${LAST}`, read: whichOf },
  { pattern: `${THIS} {season}`, read: whichOf },
];

const absolute: readonly Rule[] = [
  { pattern: '{day}(?:er)? ?(?:-|–|au|et|a) ?(?:le )?{last} {month}(?: {year})?', read: dateNamed },
  { pattern: '{day}(?:er)? {month}(?: {year})?', read: dateNamed },
  { pattern: '{month} {year}', read: monthNamed },
  { pattern: "(?:mois (?:de |d'))?{month}", needsLead: true, read: monthNamed },
  { pattern: '(?<=\\ble ){day}(?= ?[?!.,]| ?$)', read: dayOfMonth },
  { pattern: "(?:l'annee |l'an )?{year}", needsLead: true, read: yearNamed },
  { pattern: "(?:l')?{season}(?: (?:de )?{year})?", needsLead: true, isTopic: true, read: seasonNamed },
  { pattern: '{holiday} {year}', read: holidayNamed },
  { pattern: '{holiday}', needsLead: true, isTopic: true, read: holidayNamed },
];

export const french: TimeLanguage = {
  hints:
    "qu'est qu'ai quoi quand ou qui que quel quelle quels comment j'ai ai as avons avez ont nous vous je tu il elle est etait le la les des du de un une avec pour mon ma mes fait parle dit passe semaine mois annee aujourd'hui avant-hier depuis",
  fillers:
    "qu'est ce que qu'est-ce qu'ai qu'avons qu'as quoi quand ou qui que quel quelle quels quelles comment pourquoi j'ai ai as a avons avez ont avais avait etait est sont c'est s'est nous vous je tu il elle on ils elles me te se le la les l' des du de d' un une et avec pour dans sur en au aux y mon ma mes notre nos fait faire fis parle parler parlions discute discuter dit dire dis mentionne raconte passe passer arrive conversation conversations sujet sujets montre resume tout quelque chose choses heure moi j n ne pas l d qu c s t m",
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
  rules: [...relative.map((rule) => ({ ...rule, isRelative: true })), ...absolute],
};
