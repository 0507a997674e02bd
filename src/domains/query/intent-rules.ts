import { COMMAND_RULES } from './intent-command-rules.ts';
import {
  anywhere,
  COMMANDS,
  CREATE,
  cased,
  type IntentRule,
  NOT_A_PERSON,
  NOT_A_PICTURE,
  NOT_A_WORK,
  order,
  PICTURES,
  SHELL_ARGUMENT,
  SOFT_TERMS,
  STYLE,
  SUBJECT,
  TECHNOLOGIES,
  TERMS,
} from './intent-vocabulary.ts';

/**
 * In order; the first that matches decides. Refusals come first, so that no later wish hides an order to the
 * machine; then orders (they are said at the start of a clause and so are the surest); "remind me what …"
 * before "remind me to …"; then questions about the past, one's own before other people's; what the words
 * are about comes last.
 */
export const INTENT_RULES: readonly IntentRule[] = [
  ...COMMAND_RULES,
  {
    intent: 'anime_generation',
    confidence: 0.95,
    why: 'an order to create anime',
    pattern: order`${CREATE}\s${STYLE}anime(?![\p{L}\p{N}])(?:-style|\sstyle)?${NOT_A_WORK}(?:\s(?:scenes?|images?|pictures?|videos?|clips?|episodes?|art|artworks?|illustrations?|drawings?|animations?|shots?|portraits?)(?![\p{L}\p{N}]))?`,
  },
  {
    intent: 'anime_generation',
    confidence: 0.95,
    why: 'an order to create something in anime style',
    pattern: order`${CREATE}\s(?:me\s|us\s)?(?:(?:an?|the|some)\s${PICTURES}\s(?:of\s)?)?(?<subject>.{1,300}?)\s(?:in|as)\s(?:an?\s|the\s)?anime(?:[-\s](?:style|look))?(?![\p{L}\p{N}])`,
  },
  {
    intent: 'anime_generation',
    confidence: 0.9,
    why: 'a wish for anime',
    pattern: order`i(?:\swant|\sneed|\swould\slike|['’]d\slike)\s${STYLE}anime\s(?:scene|image|picture|video|clip|illustration|portrait)s?\b`,
  },

  {
    intent: 'image_generation',
    confidence: 0.9,
    why: 'an order to create a picture',
    pattern: order`${CREATE}\s${STYLE}(?<kind>${PICTURES})(?![\p{L}\p{N}])${NOT_A_PICTURE}`,
    unless:
      /\b(?:docker|disk|container|iso|vm|system|boot|base|mental|big|bigger|clear)\s(?:images?|pictures?|icons?)\b/i,
  },
  {
    intent: 'image_generation',
    confidence: 0.9,
    why: 'draw and sketch need no noun',
    pattern: order`(?:draw|sketch|doodle)\s(?!(?:(?:an?|the|any|your|some|my)\s)?(?:conclusions?|comparisons?|parallels?|distinctions?|line|lines\sbetween|inferences?|inspiration|attention|lots|straws|blood|breath|near|up|out|on|from|upon|back|closer|crowds?|salary|bath)\b)(?:me\s|us\s)?(?=\S)`,
  },
  {
    intent: 'image_generation',
    confidence: 0.85,
    why: 'a wish for a picture',
    pattern: order`i(?:\swant|\sneed|\swould\slike|['’]d\slike)\s${STYLE}${PICTURES}\sof\b`,
  },

  {
    intent: 'memory_recall',
    confidence: 0.9,
    why: '"remind me what …" asks back, it sets no reminder',
    pattern: order`remind\sme\s(?:again\s)?(?:what|who|whom|whose|where|which|how|why|when\s(?:did\s)?(?:i|we)\s)`,
  },

  {
    intent: 'task_request',
    confidence: 0.92,
    why: 'a reminder',
    pattern: order`(?:remind\s(?:me|us|him|her|them)\b|(?:set|create|add|make)\s(?:up\s)?(?:an?|another|the|my)\s(?:[\p{L}\p{N}:-]+\s){0,3}?(?:reminder|alarm|timer)\b|do(?:n['’]t|\snot)\slet\sme\sforget\b)`,
  },
  {
    intent: 'task_request',
    confidence: 0.9,
    why: 'a task, a goal, a ticket',
    pattern: order`(?:create|add|make|open|start|queue|assign|file|new)\s(?:me\s)?(?:an?\s|another\s|the\s|new\s|my\s){0,2}(?:[\p{L}\p{N}-]+\s){0,2}?(?:task|to-?do|goal|ticket|background\sjob|follow-?up)s?\b(?!\s(?:manager|runner|queue|list\sapp|app))`,
  },
  {
    intent: 'task_request',
    confidence: 0.88,
    why: 'an appointment',
    pattern: order`(?:(?:schedule|reschedule|book)\s(?!(?:is|was|conflicts?|of|says|looks|club|review)\b)\S|(?:add|put)\s.{1,200}?\s(?:to|on|in|into)\s(?:my|our|the)\s(?:[\p{L}-]+\s)?(?:to-?do|tasks?|task\slist|list|calendar|agenda|schedule)\b)`,
  },
  {
    intent: 'task_request',
    confidence: 0.8,
    why: 'something to be done later',
    pattern: order`(?:notify|alert|tell|ping|message|email)\sme\s(?:when|once|as\ssoon\sas|if|every|at\s\d|tomorrow|tonight)\b`,
  },

  {
    intent: 'memory_recall',
    confidence: 0.92,
    why: 'what was said between us',
    pattern: anywhere`\b(?:what|when|where|why|who|how\soften|how\smany\stimes)\b.{0,30}\b(?:did|have|had|do|were|was)\s(?:i|we|you)\s(?:ever\s|just\s|already\s|last\s)?(?:say|said|tell|told|mention(?:ed)?|talk(?:ed|ing)?|discuss(?:ed|ing)?|ask(?:ed)?|wr[io]te|written|decided?|agreed?|promised?|suggest(?:ed)?|recommend(?:ed)?)\b`,
  },
  {
    intent: 'memory_recall',
    confidence: 0.9,
    why: 'do you remember',
    pattern: anywhere`\b(?:(?:do|did|can|could)\syou\s(?:still\s)?(?:remember|recall)\b|(?:have|did)\si\s(?:ever\s|already\s)?(?:tell|told|mention(?:ed)?|say|said)\b|what\sdo\syou\s(?:know|remember)\sabout\s(?:me|us|my|our)\b|last\stime\swe\b.{0,60}\?)`,
  },
  {
    intent: 'memory_recall',
    confidence: 0.88,
    why: 'one\'s own facts, asked for: "what was my … again?"',
    pattern: anywhere`\b(?:what|who|where|when|which|how)(?:['’]s|\s(?:is|are|was|were))\s(?:my|our)\s(?!(?:code|error|bug|ip|script|query|function|server|problem|mistake)\b)`,
  },
  {
    intent: 'memory_recall',
    confidence: 0.85,
    why: "one's own past",
    pattern: anywhere`\b(?:what|when|where|which|who|how\soften|how\smany|how\slong)\b.{0,40}\b(?:did|have|had|was|were)\s(?:i|we|my|our)\b`,
    unless: /\bdid i (?:do|get|make|go) (?:wrong|this|that|it)\b/i,
  },
  {
    intent: 'memory_recall',
    confidence: 0.8,
    why: "one's own likes and places",
    pattern: anywhere`\b(?:where\sdo\si\s(?:live|work|study)|what\s(?:[\p{L}]+\s){0,3}do\si\s(?:like|love|hate|prefer|own|have|eat|drink|play|work))\b`,
  },
  {
    intent: 'memory_recall',
    confidence: 0.88,
    why: 'German and Japanese forms of the same',
    pattern: anywhere`erinnerst\sdu\sdich|weißt\sdu\snoch|(?:was|wann|wo)\s(?:habe?|hatte)\sich\b|覚えて(?:い)?(?:る|ます)|前に.{0,20}(?:言|話)`,
  },
  {
    intent: 'memory_recall',
    confidence: 0.7,
    why: "somebody's past, asked with a question word",
    pattern: cased`\b(?:[Ww]hat|[Ww]hen|[Ww]here|[Ww]hy|[Ww]ho|[Ww]hom|[Ww]hose|[Ww]hich|[Hh]ow)\b[^?]{0,60}\b(?:did|was|were|has|had|have)\s(?:the\s)?${SUBJECT}(?![\p{L}\p{N}])`,
    unless: NOT_A_PERSON,
  },
  {
    intent: 'memory_recall',
    confidence: 0.6,
    why: "somebody's past, yes or no; somebody's things",
    pattern: cased`^(?:(?:[Dd]id|[Hh]as|[Hh]ad|[Ww]as|[Ww]ere)\s${SUBJECT}\s|(?:[Ww]hat|[Ww]ho|[Ww]here|[Ww]hen)(?:['’]s|\sis|\sare)\s\p{Lu}\p{L}+['’]s\s)`,
    unless: NOT_A_PERSON,
  },

  {
    intent: 'technical',
    confidence: 0.9,
    why: 'code or the trace of an error',
    pattern: anywhere`\x60\x60\x60|=>|\b[\p{L}_]\w{0,80}\([\w'", .]{0,80}\)\s?[;{]|\b[\p{L}_]\w{0,80}\(\)|\b(?:select\s.{1,200}\sfrom|insert\sinto|create\stable)\b|#include\s?<|\bdef\s\w{1,80}\(|\b(?:Type|Syntax|Reference|Range|Key|Value|Index|Import|Attribute)Error\b|\w\.(?:ts|js|py|rs|go|cpp|java|sh|sql|ya?ml|json)\b|</?[a-z][a-z0-9]{0,20}>`,
  },
  {
    intent: 'technical',
    confidence: 0.8,
    why: 'a shell line that is talked about',
    pattern: anywhere`(?<![\p{L}\p{N}])(?:${COMMANDS})\s${SHELL_ARGUMENT}`,
  },
  {
    intent: 'technical',
    confidence: 0.85,
    why: 'the name of a technology or a word of the trade',
    pattern: anywhere`(?<![\p{L}\p{N}])(?:${TECHNOLOGIES}|${TERMS})(?![\p{L}\p{N}])`,
  },
  {
    intent: 'technical',
    confidence: 0.7,
    why: 'two words that are technical together',
    distinct: 2,
    pattern: anywhere`(?<![\p{L}\p{N}])(?:${SOFT_TERMS})(?![\p{L}\p{N}])`,
  },
  {
    intent: 'technical',
    confidence: 0.65,
    why: 'how or why, and a word that may be technical',
    pattern: anywhere`^(?:how|why|what|fix|explain|should|is|can)\b.{0,120}(?<![\p{L}\p{N}])(?:server|code|function|script|error|exception|bug|deploy(?:ment)?|database|variable|array|container|parser|schema)(?![\p{L}\p{N}])`,
  },
];
