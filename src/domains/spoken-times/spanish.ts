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

const LAST = '(?<last>pasad[oa]|anterior)';
const BY_PART = '(?: (?:por|en) la {part})?';

const relative: readonly Rule[] = [
  { pattern: `(?:anteayer|antes de ayer|antier)${BY_PART}`, read: dayAt(-2) },
  { pattern: `ayer${BY_PART}`, read: dayAt(-1) },
  { pattern: `hoy${BY_PART}`, read: dayAt(0) },
  { pattern: 'esta {part}', read: dayAt(0) },
  { pattern: '(?:anoche|ayer (?:por|en) la noche|la noche pasada)', read: dayAt(-1, 'night') },
  { pattern: '(?:anteanoche|antenoche)', read: dayAt(-2, 'night') },
  { pattern: `(?:(?:la|el) )?{unit} ${LAST}`, read: unitOf },
  { pattern: '(?:la|el) (?<last>ultim[oa]) {unit}', read: unitOf },
  { pattern: '(?<this>est[ea]) {unit}', read: unitOf },
  {
    pattern:
      '(?:(?:en|durante) )?(?:los|las|estos|estas) (?:(?:ultim|pasad)[oa]s {n}|{m} (?:ultim|pasad)[oa]s) {unit}',
    read: upToNow,
  },
  { pattern: 'hace {n} {unit}', read: ago },
  { pattern: '(?:el )?{weekday} de la semana pasada', read: weekdayOfLastWeek },
  { pattern: `(?:el )?{weekday} ${LAST}${BY_PART}`, read: weekdayNamed },
  { pattern: `(?:el )?(?<last>pasado) {weekday}${BY_PART}`, read: weekdayNamed },
  { pattern: `(?<this>este) {weekday}${BY_PART}`, read: weekdayNamed },
  { pattern: `{weekday}${BY_PART}`, needsLead: true, read: weekdayNamed },
  { pattern: `(?:el )?fin de semana ${LAST}`, read: weekendOf },
  { pattern: '(?<this>este) fin de semana', read: weekendOf },
  { pattern: 'fin de semana', needsLead: true, read: weekendOf },
  { pattern: `(?:(?:en|el|la) )?(?:{month}|{season}|{holiday}) ${LAST}`, read: whichOf },
  { pattern: '(?<this>est[ea]) (?:{season}|{holiday})', read: whichOf },
];

const absolute: readonly Rule[] = [
  { pattern: '{day} ?(?:-|–|al|y|a) ?(?:el )?{last} de {month}(?: (?:de |del )?{year})?', read: dateNamed },
  { pattern: '{day}(?: de)? {month}(?: (?:de |del )?{year})?', read: dateNamed },
  { pattern: '{month} (?:de |del )?{year}', read: monthNamed },
  { pattern: '(?:mes de )?{month}', needsLead: true, read: monthNamed },
  { pattern: '(?<=\\bel )(?:dia )?{day}(?= ?[?!.,]| ?$)', read: dayOfMonth },
  { pattern: '(?:ano )?{year}', needsLead: true, read: yearNamed },
  { pattern: '{season}(?: (?:de |del )?{year})?', needsLead: true, isTopic: true, read: seasonNamed },
  { pattern: '{holiday}(?: de)? {year}', read: holidayNamed },
  { pattern: '{holiday}', needsLead: true, isTopic: true, read: holidayNamed },
];

export const spanish: TimeLanguage = {
  hints:
    'que cuando donde quien como cual de el la los las un una con para por mi mis hice hicimos hablamos dije dijimos paso he hemos yo nosotros fue ayer anteayer hoy anoche semana hace desde',
  fillers:
    'que qué cuando donde quien como cual cuales de del el la los las un una unos unas y o con para por a al en sobre me te se nos le lo mi mis tu su nuestro hice hizo hicimos hiciste hacer hago hablamos hable hablado hablar dije dijimos dijo dicho decir mencione mencionamos conte contamos comente comentamos paso pasaba ocurrio sucedio he has ha hemos han yo nosotros fue era es estaba hay hubo algo todo cosas cosa conversacion conversaciones tema temas muestra resume dia',
  numbers: {
    ...{ un: 1, una: 1, uno: 1, dos: 2, tres: 3, cuatro: 4, cinco: 5, seis: 6, siete: 7, ocho: 8, nueve: 9 },
    ...{ diez: 10, once: 11, doce: 12, quince: 15, veinte: 20, treinta: 30 },
  },
  vague: {
    'un par de': [2, 1],
    unos: [3, 2],
    unas: [3, 2],
    varios: [4, 3],
    varias: [4, 3],
    algunos: [3, 2],
    algunas: [3, 2],
  },
  units: {
    ...{ minuto: 'minute', minutos: 'minute', hora: 'hour', horas: 'hour', dia: 'day', dias: 'day' },
    ...{ semana: 'week', semanas: 'week', mes: 'month', meses: 'month', ano: 'year', anos: 'year' },
  },
  weekdays: ['lunes', 'martes', 'miercoles', 'jueves', 'viernes', 'sabado', 'domingo'],
  months: [
    'enero',
    'febrero',
    'marzo',
    'abril',
    'mayo',
    'junio',
    'julio',
    'agosto',
    'septiembre|setiembre',
    'octubre',
    'noviembre',
    'diciembre',
  ],
  seasons: { primavera: 'spring', verano: 'summer', otono: 'autumn', invierno: 'winter' },
  holidays: {
    ...{
      nochebuena: 'christmasEve',
      navidades: 'christmas',
      navidad: 'christmas',
      nochevieja: 'newYearsEve',
    },
    ...{
      'ano nuevo': 'newYear',
      'semana santa': 'easter',
      pascua: 'easter',
      halloween: 'halloween',
      'san valentin': 'valentine',
    },
  },
  parts: { manana: 'morning', tarde: 'afternoon', noche: 'evening' },
  leads: {
    at: '(?:el|en|durante|por|de)(?: el| la| las)?',
    since: '(?:desde|despues de)(?: el| la| las)?',
    before: '(?:antes de|antes del|hasta)(?: el| la| las)?',
    from: '(?:entre|del|de|desde)(?: el| la)?',
  },
  to: '(?:a|al|y|y el|hasta|hasta el|-|–)',
  rules: [...relative.map((rule) => ({ ...rule, isRelative: true })), ...absolute],
};
