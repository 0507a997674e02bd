import type { Rule, TimeLanguage } from './language.ts';
import * as named from './named.ts';

const LAST = '(?<last>pasad[oa]|anterior)';
const BY_PART = '(?: (?:por|en) la {part})?';

const relative: readonly Rule[] = [
  { pattern: `(?:anteayer|antes de ayer|antier)${BY_PART}`, read: named.dayAt(-2) },
  { pattern: `ayer${BY_PART}`, read: named.dayAt(-1) },
  { pattern: `hoy(?! en dia)${BY_PART}`, read: named.dayAt(0) },
  { pattern: 'esta {part}', read: named.dayAt(0) },
  {
    pattern: '(?:anteanoche|antenoche|antes de anoche|(?:la )?penultima noche)',
    read: named.dayAt(-2, 'night'),
  },
  { pattern: '(?:anoche|ayer (?:por|en) la noche|la noche pasada)', read: named.dayAt(-1, 'night') },
  { pattern: `(?:(?:la|el) )?{unit} ${LAST}`, read: named.unitOf },
  { pattern: '(?:la|el) (?<last>ultim[oa]) {unit}', read: named.unitOf },
  { pattern: '(?<this>est[ea]) {unit}', read: named.unitOf },
  {
    pattern:
      '(?:(?:en|durante) )?(?:los|las|estos|estas) (?:(?:ultim|pasad)[oa]s {n}|{m} (?:ultim|pasad)[oa]s) {unit}',
    read: named.upToNow,
  },
  { pattern: 'hace {n} {unit}', read: named.ago },
  {
    pattern: `(?:el )?{weekday} de la semana (?:${LAST}|(?<beforeLast>antepasada))`,
    read: named.weekdayOfWeek,
  },
  { pattern: '(?:el )?{weekday} de (?<this>esta) semana', read: named.weekdayOfWeek },
  {
    pattern: `la semana (?:${LAST}|(?<beforeLast>antepasada)),? (?:el )?{weekday}${BY_PART}`,
    read: named.weekdayOfWeek,
  },
  { pattern: `(?<this>esta) semana,? (?:el )?{weekday}${BY_PART}`, read: named.weekdayOfWeek },
  { pattern: `(?:el )?{weekday} ${LAST}${BY_PART}`, read: named.weekdayNamed },
  { pattern: `(?:el )?(?<last>pasado) {weekday}${BY_PART}`, read: named.weekdayNamed },
  { pattern: `(?<this>este) {weekday}${BY_PART}`, read: named.weekdayNamed },
  { pattern: `{weekday}${BY_PART}`, needsLead: true, read: named.weekdayNamed },
  { pattern: `(?:el )?fin de semana ${LAST}`, read: named.weekendOf },
  { pattern: '(?<this>este) fin de semana', read: named.weekendOf },
  { pattern: 'fin de semana', needsLead: true, read: named.weekendOf },
  { pattern: `(?:(?:en|el|la) )?(?:{month}|{season}|{holiday}) ${LAST}`, read: named.whichOf },
  { pattern: '(?<this>est[ea]) (?:{season}|{holiday})', read: named.whichOf },
  { pattern: '(?:(?:la|el) )?{unit} (?<beforeLast>antepasad[oa])', read: named.unitOf },
  { pattern: '(?:la|el) (?<beforeLast>penultim[oa]) {unit}', read: named.unitOf },
  { pattern: '(?:el )?fin de semana (?<beforeLast>antepasado)', read: named.weekendOf },
  { pattern: '(?:el )?{weekday} (?<beforeLast>antepasado)', read: named.weekdayNamed },
  { pattern: '(?:el |la )?(?:{month}|{season}|{holiday}) (?<beforeLast>antepasad[oa])', read: named.whichOf },
  { pattern: 'hace medi[oa] {unit}', read: named.halfAgo },
  { pattern: 'hace (?:{n} )?{unit} y medi[oa]', read: named.oneHalfMoreAgo },
  { pattern: 'el otro dia', read: named.recently },
  { pattern: 'hoy temprano', read: named.dayAt(0, 'morning') },
];

const absolute: readonly Rule[] = [
  {
    pattern: '{day} ?(?:-|–|al|y|a) ?(?:el )?{last} de {month}(?: (?:de |del )?{year})?',
    read: named.dateNamed,
  },
  { pattern: '{day}(?: de)? {month}(?: (?:de |del )?{year})?', read: named.dateNamed },
  { pattern: '{month} (?:de |del )?{year}', read: named.monthNamed },
  { pattern: '(?:mes de )?{month}', needsLead: true, read: named.monthNamed },
  { pattern: '(?<=\\bel )(?:dia )?{day}(?= ?[?!.,]| ?$)', read: named.dayOfMonth },
  { pattern: '(?:ano )?{year}', needsLead: true, read: named.yearNamed },
  { pattern: '{season}(?: (?:de |del )?{year})?', needsLead: true, isTopic: true, read: named.seasonNamed },
  { pattern: '{holiday}(?: de)? {year}', read: named.holidayNamed },
  { pattern: '{holiday}', needsLead: true, isTopic: true, read: named.holidayNamed },
  { pattern: '(?:dia )?{n} de {month}(?: (?:de |del )?{year})?', needsLead: true, read: named.dateInWords },
  { pattern: '{nth} de {month}(?: (?:de |del )?{year})?', needsLead: true, read: named.dateInWords },
  { pattern: '(?:la )?{nth} semana de {month}(?: (?:de |del )?{year})?', read: named.weekOfMonth },
  { pattern: '(?:el )?{nth} fin de semana de {month}(?: (?:de |del )?{year})?', read: named.weekendOfMonth },
  {
    pattern:
      '(?:los |las )?(?:(?<early>primer[oa]s)|ultim[oa]s) {n} {unit} de {month}(?: (?:de |del )?{year})?',
    read: named.daysAtEnd,
  },
  {
    pattern:
      '(?:a |en )?(?:(?<early>principios|comienzos|inicios)|(?<middle>mediados)|(?<late>finales|fines)) de (?:{month}(?: (?:de |del )?{year})?|{year})',
    read: named.thirdOf,
  },
  { pattern: '(?:el )?{nth} trimestre(?: (?:de |del )?{year})?', needsLead: true, read: named.quarterNamed },
  { pattern: 'semana (?<week>\\d\\d?)(?: (?:de )?{year})?', needsLead: true, read: named.weekNamed },
  { pattern: '(?:los )?anos (?<decade>(?:19|20)?\\d0)', needsLead: true, read: named.decadeNamed },
];

export const spanish: TimeLanguage = {
  hints:
    'que cuando donde quien como cual de el la los las un una con para por mi mis hice hicimos hablamos dije dijimos paso he hemos yo nosotros fue ayer anteayer hoy anoche semana hace desde',
  fillers:
    'que qué cuando donde quien como cual cuales de del el la los las un una unos unas y o con para por a al en sobre me te se nos le lo mi mis tu su nuestro hice hizo hicimos hiciste hacer hago hablamos hable hablado hablar dije dijimos dijo dicho decir mencione mencionamos conte contamos comente comentamos anote anotamos apunte apuntamos anotado apuntado escribi escrito paso pasaba ocurrio sucedio he has ha hemos han yo nosotros fue era es estaba hay hubo algo todo cosas cosa conversacion conversaciones tema temas muestra resume dia',
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
    ...{
      semana: 'week',
      semanas: 'week',
      mes: 'month',
      meses: 'month',
      ano: 'year',
      anos: 'year',
      trimestre: 'quarter',
    },
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
      'viernes santo': 'goodFriday',
      'dia de reyes': 'epiphany',
      reyes: 'epiphany',
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
  ordinals: {
    ...{ primero: 1, segundo: 2, tercero: 3, cuarto: 4, quinto: 5 },
    ...{ ultima: -1, primer: 1, primera: 1, segunda: 2, tercer: 3 },
    ...{ tercera: 3, cuarta: 4, quinta: 5, ultimo: -1 },
  },
  future: /\b(?:voy|vamos|hare|haremos|hara)\b/,
  past: /\b(?:hice|hicimos|fue|dije|era|he|hemos)\b/,
  clocks: [
    {
      pattern:
        '(?<hour>\\d\\d?)(?:[:.](?<minute>\\d\\d))? (?:horas|h\\b|de la (?:(?<am>manana|madrugada)|(?<pm>tarde|noche)))',
    },
    { pattern: '(?<hour>\\d\\d?):(?<minute>\\d\\d)' },
    { pattern: '(?<noon>mediodia)' },
    { pattern: '(?<midnight>medianoche)' },
    { pattern: '(?:por |en )?la {part}(?: del)?', needsLead: true, needsDay: true },
  ],
  relative,
  absolute,
};
