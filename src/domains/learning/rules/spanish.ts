import type { Family } from './family.ts';
import { type Phrasebook, relationsNamed, sayingsIn, TITLES } from './phrasebook.ts';

const NAME = String.raw`(?<object>${TITLES}\p{Lu}[\p{L}\p{M}'-]+(?:(?: (?:de|del|la|las|los|el))* \p{Lu}[\p{L}\p{M}'-]+){0,2})`;
const WORDS = String.raw`[\p{L}\p{M}-]+(?: (?:de|del|con|en) (?:la |el |los |las )?[\p{L}\p{M}-]+| (?!y\b|e\b|o\b|pero\b|porque\b|que\b|así\b|en\b|con\b|para\b|por\b|desde\b|cuando\b|mi\b|me\b|no\b|mucho\b|nada\b|también\b|ahora\b|como\b|a\b)[\p{L}\p{M}-]+)?`;
const THING = String.raw`(?:el |la |los |las |un |una |lo )?(?<object>${WORDS}(?:(?:, | y | e )(?:el |la |los |las )[\p{L}\p{M}-]+){0,3})`;
const RELATIONS: Readonly<Record<string, string>> = {
  mujer: 'wife',
  esposa: 'wife',
  marido: 'husband',
  esposo: 'husband',
  pareja: 'partner',
  novio: 'boyfriend',
  novia: 'girlfriend',
  hija: 'daughter',
  hijo: 'son',
  madre: 'mother',
  mamá: 'mother',
  padre: 'father',
  papá: 'father',
  hermano: 'brother',
  hermana: 'sister',
  abuela: 'grandmother',
  abuelo: 'grandfather',
  tía: 'aunt',
  tío: 'uncle',
  primo: 'cousin',
  prima: 'cousin',
  sobrina: 'niece',
  sobrino: 'nephew',
  jefe: 'manager',
  jefa: 'manager',
  amigo: 'friend',
  amiga: 'friend',
  vecino: 'neighbour',
  vecina: 'neighbour',
  compañero: 'colleague',
  compañera: 'colleague',
  casero: 'landlord',
  casera: 'landlord',
  suegra: 'mother_in_law',
  suegro: 'father_in_law',
  cuñado: 'brother_in_law',
  cuñada: 'sister_in_law',
};
const PETS =
  'perro|perra|perrita|perrito|gato|gata|gatito|conejo|hámster|loro|caballo|poni|tortuga|cabra|gallina|cobaya|cachorro|hurón';
const say = (pattern: string) => new RegExp(pattern, 'giu');
const sayExactly = (pattern: string) => new RegExp(pattern, 'gu');

const book: Phrasebook = {
  spoken:
    /(?<!\p{L})(?:yo|me|mi|mis|soy|vivo|tengo|trabajo|hablo|estudio|nos|odio|toco|juego|vivimos|tenemos|fumo|estoy)(?!\p{L})/iu,
  unmeant:
    /(?<!\p{L})(?:si (?:yo |me |vivo|tengo|fuera|tuviera|viviera|pudiera|soy)|sería|tendría|gustaría|viviría|quizás?|tal vez|antes|era|tenía|vivía|trabajaba|imagina|supongamos)(?!\p{L})/iu,
  and: /, | y | e | o /,
  sayings: [
    { pattern: sayExactly(`(?:[Mm]e llamo|[Mm]i nombre es) ${NAME}`), predicate: 'name', confidence: 0.94 },
    {
      pattern: sayExactly(
        `(?<!\\p{L})(?<not>[Nn]o )?(?:[Vv]ivo|[Vv]ivimos)(?: ahora| actualmente| aquí)? en (?:el |la )?${NAME}`,
      ),
      predicate: 'lives_in',
      confidence: 0.92,
    },
    {
      pattern: sayExactly(`(?:[Yy]a no) vivo en ${NAME}`),
      predicate: 'lives_in',
      negated: true,
      confidence: 0.93,
    },
    {
      pattern: sayExactly(`(?:[Mm]e he mudado|[Mm]e mudé|[Nn]os hemos mudado|[Nn]os mudamos) a ${NAME}`),
      predicate: 'lives_in',
    },
    {
      pattern: sayExactly(`(?<!\\p{L})(?<not>[Nn]o )?[Ss]oy (?:originalmente )?de ${NAME}`),
      predicate: 'from',
      confidence: 0.88,
    },
    { pattern: sayExactly(`(?:[Cc]recí|[Mm]e crié) en ${NAME}`), predicate: 'grew_up_in', confidence: 0.92 },
    { pattern: say(`tengo (?<object>\\d{1,3}) años(?!\\p{L})`), predicate: 'age', confidence: 0.92 },
    {
      pattern: say(
        `trabajo (?:\\p{L}+ ){0,2}?(?:como|de) (?!noche|día|lunes|casa|mañana|tarde|verdad)(?<object>[\\p{L}-]+(?: de [\\p{L}-]+)?)`,
      ),
      predicate: 'occupation',
      confidence: 0.9,
    },
    { pattern: sayExactly(`[Tt]rabajo (?:en|para) ${NAME}`), predicate: 'works_at', confidence: 0.88 },
    {
      pattern: say(
        `(?<!\\p{L})(?<not>no )?soy (?:una? )?(?<object>(?:médic[oa]|enfermer[oa]|profesora?|maestr[oa]|abogad[oa]|ingenier[oa]|arquitect[oa]|cociner[oa]|camarer[oa]|celadora?|estudiante|periodista|dentista|veterinari[oa]|bomber[oa]|policía|contable|program?ador[a]?|diseñadora?|traductora?|conductora?|electricista|fontaner[oa]|carpinter[oa]|peluquer[oa]|farmacéutic[oa]|psicólog[oa]|músic[oa]|pintora?|escritora?|jubilad[oa]|autónom[oa]|limpiadora?|panader[oa]|bibliotecari[oa]|agricultora?|fotógraf[oa]|vendedora?|administrativ[oa]|[\\p{L}]+(?:ista|ólog[oa]|ógraf[oa]|adora?|edora?|ner[oa]|quer[oa]))(?: (?:de|en) (?:el |la |los |las |un |una )?[\\p{L}-]+)?)(?=$|[ ,.!])`,
      ),
      predicate: 'occupation',
      except:
        /^(?:egoísta|optimista|pesimista|perfeccionista|feminista|mejor|mayor|menor|solter[oa]|primer[oa]|extranjer[oa]|sincer[oa])/iu,
      confidence: 0.85,
    },
    {
      pattern: say(
        `(?<!no )(?<!\\p{L})me (?:gustan?|encantan?|apasionan?|fascinan?)(?: mucho| muchísimo)? (?!que|cuando|tu |eso|esto|esa|ese)${THING}`,
      ),
      predicate: 'likes',
      isList: true,
      confidence: 0.88,
    },
    {
      pattern: say(`no me gustan?(?: nada| mucho| demasiado)? (?!que|cuando|tu |eso|esto|esa|ese)${THING}`),
      predicate: 'likes',
      negated: true,
      isList: true,
      confidence: 0.9,
    },
    {
      pattern: say(`(?<!\\p{L})(?:odio|detesto|no soporto) (?!que|cuando|eso|esto)${THING}`),
      predicate: 'likes',
      negated: true,
      isList: true,
      confidence: 0.9,
    },
    {
      pattern: say(
        `(?<not>no )?soy alérgic[oa] (?:al |a la |a los |a las |a )(?<object>[\\p{L}-]+(?: de (?:los |las )?[\\p{L}-]+)?(?:(?:, | y )(?:al |a la |a los |a las )[\\p{L}-]+){0,3})`,
      ),
      predicate: 'allergic_to',
      confidence: 0.95,
    },
    {
      pattern: say(`soy intolerante (?:al |a la |a los |a las )(?<object>[\\p{L}-]+)`),
      predicate: 'intolerant_to',
      confidence: 0.94,
    },
    {
      pattern: say(
        `(?<!\\p{L})(?<not>(?:ya )?no )?soy (?<object>vegetarian[oa]|vegan[oa]|pescetarian[oa]|celíac[oa]|diabétic[oa]|asmátic[oa])(?!\\p{L})`,
      ),
      predicate: (object) => (/^(?:veg|pesc)/i.test(object) ? 'diet' : 'has_condition'),
      confidence: 0.9,
    },
    {
      pattern: sayExactly(
        `(?<!\\p{L})[Mm]i (?:\\p{Ll}+ )?(?:${Object.keys(RELATIONS).join('|')})(?: se llama|,)? ${NAME}`,
      ),
      predicate: 'relation',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(`(?<!\\p{L})(?:[Mm]i|[Nn]uestr[oa]) (?:${PETS})(?: se llama|,)? ${NAME}`),
      predicate: 'has_pet',
      confidence: 0.9,
      over: /^ (?:(?:ya )?se )?(?:murió|ha muerto|falleció|ha fallecido)(?!\p{L})/u,
    },
    {
      pattern: say(
        `(?<!\\p{L})(?:tengo|tenemos) (?:una?|dos|tres|cuatro) (?<object>(?:${PETS})s?(?: (?:llamad[oa]|que se llama) [\\p{L}]+)?)(?=$|[ ,.!])`,
      ),
      predicate: 'has_pet',
      confidence: 0.9,
    },
    {
      pattern: say(`con mis (?<object>(?:dos|tres|cuatro) (?:${PETS})s)(?!\\p{L})`),
      predicate: 'has_pet',
      confidence: 0.8,
    },
    {
      pattern: say(
        `no (?:tengo|tenemos) (?<object>coche|carro|carnet|bici(?:cleta)?|hijos|perro|gato|mascotas?|tele(?:visión)?|jardín|horno|hermanos|ordenador|móvil)(?!\\p{L})`,
      ),
      predicate: 'owns',
      negated: true,
      confidence: 0.9,
    },
    {
      pattern: say(
        `(?<!\\p{L})hablo (?:un poco de |bien )?(?<object>[\\p{L}]{4,}(?:(?:, | y | e )(?:un poco de )?[\\p{L}]{4,}){0,4})`,
      ),
      predicate: 'speaks',
      isList: true,
      except: /^(?:mucho|poco|contigo|sobre|demasiado|siempre|desde)$/i,
      confidence: 0.88,
    },
    {
      pattern: say(`(?<!\\p{L})toco (?:el |la |los |las )(?<object>[\\p{L}]+)`),
      predicate: 'plays',
      except: /^(?:tema|puerta|fondo)$/i,
      confidence: 0.88,
    },
    {
      pattern: say(`(?<!\\p{L})juego (?:al |a la |a los )(?<object>[\\p{L}]+)`),
      predicate: 'plays',
      confidence: 0.85,
    },
    {
      pattern: say(
        `(?<!\\p{L})estudio (?<object>[\\p{L}]{5,}(?: en (?:la )?\\p{Lu}[\\p{L}]+(?: de \\p{Lu}[\\p{L}]+)?)?)`,
      ),
      predicate: 'studies',
      except: /^(?:mucho|desde|ahora|siempre|cuando|porque)/i,
      confidence: 0.82,
    },
    { pattern: say(`(?<not>no fumo)(?<object>)`), predicate: 'smokes', negated: true },
  ],
};

export const spanish: Family = {
  name: 'spanish',
  sentence: (sentence, setting) => relationsNamed(sayingsIn(sentence, book, setting), sentence, RELATIONS),
};
